import type { ReactNode } from 'react';
import { fineMs } from '#components/requests/fine-ms.ts';
import { type Bar, waterfallOf } from '#components/requests/waterfall.ts';
import { outcomeInWords, stageInWords } from '#components/requests/words.ts';
import type { RequestRecord, Span } from '#lib/contracts/requests.ts';

/** A request's way, stage below stage, drawn to one scale. Each line says in words what its bar shows. */
export function WaterfallChart({ record }: { record: RequestRecord }) {
  const { bars, ticks, clientPercent } = waterfallOf(record);
  return (
    <div className="px-4 pb-4">
      <div aria-hidden className="relative h-5 text-[11px] text-faint">
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
      <div className="relative border-t">
        <div aria-hidden className="absolute inset-0">
          {ticks.map(({ ms, percent }) => (
            <Line key={ms} percent={percent} className="border-line" />
          ))}
          {clientPercent === null ? null : (
            <Line percent={clientPercent} className="border-dashed border-accent" />
          )}
        </div>
        <ol aria-label="Stages in the order in which they began" className="relative">
          {bars.map((bar) => (
            <Stage
              key={`${bar.span.stage} ${bar.span.component} ${bar.span.start_ms}`}
              bar={bar}
              record={record}
            />
          ))}
        </ol>
      </div>
      <p className="mt-2 flex items-center gap-2 text-faint">
        {record.first_byte_ms === null ? (
          'The client got nothing of an answer.'
        ) : (
          <>
            <span aria-hidden className="inline-block h-3 border-l border-dashed border-accent" />
            The client had its first byte after {fineMs(record.first_byte_ms)}, and all after{' '}
            {fineMs(record.total_ms)}.
          </>
        )}
      </p>
    </div>
  );
}

function Line({ percent, className }: { percent: number; className: string }) {
  return <span className={`absolute inset-y-0 border-l ${className}`} style={{ left: `${percent}%` }} />;
}

function Stage({ bar, record }: { bar: Bar; record: RequestRecord }) {
  const { span, leftPercent, widthPercent, firstBytePercent } = bar;
  const isInstant = span.stage === 'breaker';
  return (
    <li className="py-1.5">
      <p className="flex flex-wrap items-baseline gap-x-2 leading-4.5">
        <span className="font-medium">{stageInWords(span, record.spans)}</span>
        {span.component === null ? null : <span className="font-mono break-all">{span.component}</span>}
        <span className={span.outcome === 'ok' ? 'text-muted' : 'text-open'}>
          {outcomeInWords(span.outcome)}
        </span>
        <span className="ml-auto whitespace-nowrap text-muted">{timesOf(span)}</span>
      </p>
      <div aria-hidden className="relative mt-1 h-3">
        {isInstant ? (
          <Mark percent={leftPercent}>
            <span className="block size-2.5 rotate-45 bg-open" />
          </Mark>
        ) : (
          <span
            className={`absolute inset-y-0 min-w-0.5 rounded-xs ${colourOf(span)}`}
            style={{ left: `${Math.min(leftPercent, 99.5)}%`, width: `${widthPercent}%` }}
          />
        )}
        {firstBytePercent === null ? null : (
          <Mark percent={firstBytePercent}>
            <span className="block h-4 w-0.5 bg-text" />
          </Mark>
        )}
      </div>
    </li>
  );
}

function Mark({ percent, children }: { percent: number; children: ReactNode }) {
  return (
    <span className="absolute top-1/2 -translate-x-1/2 -translate-y-1/2" style={{ left: `${percent}%` }}>
      {children}
    </span>
  );
}

function timesOf({ stage, start_ms, duration_ms, first_byte_ms }: Span): string {
  if (stage === 'breaker') return `at ${fineMs(start_ms)}`;
  const first = first_byte_ms === null ? '' : `, first byte ${fineMs(first_byte_ms)}`;
  return `${fineMs(duration_ms)}${first}`;
}

function colourOf({ stage, outcome }: Span): string {
  if (outcome !== 'ok') return 'bg-open';
  if (stage === 'upstream') return 'bg-accent';
  return stage === 'queue' || stage === 'batch' ? 'bg-half-open' : 'bg-muted';
}
