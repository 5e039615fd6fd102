import { fineMs } from '#components/requests/fine-ms.ts';
import { type Bar, type Waterfall, waterfallOf } from '#components/requests/waterfall.ts';
import { outcomeInWords, stageInWords } from '#components/requests/words.ts';
import type { RequestRecord, Span } from '#lib/contracts/requests.ts';

/** A request's way, stage below stage, drawn to one scale. Each stage says in words what its bar shows. */
export function WaterfallChart({ record }: { record: RequestRecord }) {
  const waterfall = waterfallOf(record);
  const { bars, ticks, clientPercent } = waterfall;
  return (
    <div className="px-4 pb-4">
      <div aria-hidden className="relative h-5 border-b text-[11px] text-faint">
        {ticks.map(({ ms, percent }) => (
          <span
            key={ms}
            className={`absolute whitespace-nowrap ${percent > 90 ? '-translate-x-full' : percent > 4 ? '-translate-x-1/2' : ''}`}
            style={{ left: `${percent}%` }}
          >
            {ms === 0 ? '0' : fineMs(ms)}
          </span>
        ))}
      </div>
      <ol aria-label="Stages in the order in which they began">
        {bars.map((bar) => (
          <Stage key={keyOf(bar.span)} bar={bar} record={record} waterfall={waterfall} />
        ))}
      </ol>
      <div className="mt-1 flex flex-wrap gap-x-4 text-faint">
        {bars.some(({ firstBytePercent }) => firstBytePercent !== null) ? (
          <p className="flex items-center gap-1.5">
            <span aria-hidden className="inline-block h-3 w-0.5 bg-text" />
            first byte of a call
          </p>
        ) : null}
        <p className="flex items-center gap-1.5">
          {clientPercent === null ? (
            withoutAnswer(record)
          ) : (
            <>
              <span aria-hidden className="inline-block h-3 border-l-2 border-dotted border-accent" />
              first byte for the client, after {fineMs(record.first_byte_ms)}
            </>
          )}
        </p>
      </div>
    </div>
  );
}

function withoutAnswer({ status, total_ms }: RequestRecord): string {
  return status === CLIENT_CLOSED
    ? 'The client left before its answer began.'
    : `The client was told status ${status}, after ${fineMs(total_ms)}.`;
}
/** What the log calls a request whose client left before its answer began. */
const CLIENT_CLOSED = 499;

function Stage({ bar, record, waterfall }: { bar: Bar; record: RequestRecord; waterfall: Waterfall }) {
  const { span } = bar;
  const isPlain = span.outcome === 'ok' && span.first_byte_ms === null;
  return (
    <li className="pt-2">
      <p className="flex items-baseline gap-x-2 leading-4.5">
        <span className="font-medium whitespace-nowrap">{stageInWords(span, record.spans)}</span>
        {span.component === null ? null : <span className="font-mono break-all">{span.component}</span>}
        <span className="ml-auto whitespace-nowrap">
          {span.stage === 'breaker' ? `at ${fineMs(span.start_ms)}` : fineMs(span.duration_ms)}
        </span>
      </p>
      {isPlain ? null : (
        <p className="flex justify-between gap-x-2 leading-4.5 text-muted">
          <span className={span.outcome === 'ok' ? '' : 'text-open'}>{outcomeInWords(span.outcome)}</span>
          {span.first_byte_ms === null ? null : (
            <span className="whitespace-nowrap">first byte after {fineMs(span.first_byte_ms)}</span>
          )}
        </p>
      )}
      <Track bar={bar} waterfall={waterfall} />
    </li>
  );
}

/** Below it a call is too short for a mark in it. */
const MARKED_PERCENT = 1.5;

function Track({
  bar: { span, leftPercent, widthPercent, firstBytePercent },
  waterfall: { ticks, clientPercent },
}: {
  bar: Bar;
  waterfall: Waterfall;
}) {
  return (
    <div aria-hidden className="relative mt-1 h-4 bg-ground">
      {ticks.map(({ ms, percent }) => (
        <span key={ms} className="absolute inset-y-0 border-l" style={{ left: `${percent}%` }} />
      ))}
      {span.stage === 'breaker' ? (
        <span
          className="absolute top-1 size-2 rotate-45 bg-open"
          style={{ left: `min(${leftPercent}%, calc(100% - 0.5rem))` }}
        />
      ) : (
        <span
          className={`absolute inset-y-0.5 min-w-0.75 rounded-xs ${colourOf(span)}`}
          style={{ left: `min(${leftPercent}%, calc(100% - 3px))`, width: `${widthPercent}%` }}
        />
      )}
      {firstBytePercent === null || widthPercent < MARKED_PERCENT ? null : (
        <span className="absolute inset-y-0 -ml-0.5 w-0.5 bg-text" style={{ left: `${firstBytePercent}%` }} />
      )}
      {clientPercent === null ? null : (
        <span
          className="absolute inset-y-0 -ml-0.5 border-l-2 border-dotted border-accent"
          style={{ left: `${clientPercent}%` }}
        />
      )}
    </div>
  );
}

const keyOf = ({ stage, component, start_ms }: Span) => `${stage} ${component} ${start_ms}`;

function colourOf({ stage, outcome }: Span): string {
  if (outcome !== 'ok') return 'bg-open';
  if (stage === 'upstream') return 'bg-accent/70';
  return stage === 'queue' || stage === 'batch' ? 'bg-half-open' : 'bg-muted';
}
