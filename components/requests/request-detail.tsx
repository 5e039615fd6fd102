'use client';

import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { fineMs } from '#components/requests/fine-ms.ts';
import { HOW } from '#components/requests/how.ts';
import { HowBadge } from '#components/requests/how-badge.tsx';
import { useRequest } from '#components/requests/use-request.ts';
import { WaterfallChart } from '#components/requests/waterfall.tsx';
import { errorInWords } from '#components/requests/words.ts';
import { Button } from '#components/ui/button.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { formatCount, UNKNOWN } from '#components/ui/format.ts';
import { LocalTime } from '#components/ui/local-time.tsx';
import { Skeleton, StateNote } from '#components/ui/state-notes.tsx';
import type { RequestRecord } from '#lib/contracts/requests.ts';

export const DETAIL_ID = 'request-detail';

export function RequestDetail({
  id,
  listed,
  close,
}: {
  id: string;
  listed: RequestRecord | undefined;
  close: () => void;
}) {
  const request = useRequest(id, listed);
  return (
    <section
      id={DETAIL_ID}
      aria-label={`Request ${id}`}
      className="min-w-0 scroll-mt-28 rounded-card border bg-card"
    >
      <header className="flex items-start gap-2 px-4 pt-3 pb-2">
        <div className="min-w-0 flex-1">
          <h2 className="text-[14px] font-semibold">What happened</h2>
          <p className="font-mono break-all text-muted">{id}</p>
        </div>
        <CopyButton text={id} label="Copy the request id" />
        <Button onClick={close} aria-label="Close the detail" className="px-2!">
          <X size={15} aria-hidden />
        </Button>
      </header>
      <Body request={request} />
    </section>
  );
}

function Body({ request }: { request: ReturnType<typeof useRequest> }) {
  switch (request.state) {
    case 'loading':
      return <Skeleton className="mx-4 mb-4 h-72" />;
    case 'gone':
      return (
        <div className="h-48">
          <StateNote kind="empty" title="This request is not kept, or no longer">
            Only the last 1,000 requests that were served and the last 1,000 that were not are kept, in
            memory, and of each second only the first 100 of either.
          </StateNote>
        </div>
      );
    case 'error':
      return (
        <div className="h-48">
          <StateNote kind="error" title={request.message}>
            <Button onClick={request.retry}>Ask again</Button>
          </StateNote>
        </div>
      );
    case 'ready':
      return <Story record={request.record} />;
    default:
      return request satisfies never;
  }
}

function Story({ record }: { record: RequestRecord }) {
  const { nowMs } = useLive();
  const { how, status, error_code, tokens_in, tokens_out } = record;
  return (
    <>
      <div className="px-4 pb-3">
        <p className="flex flex-wrap items-center gap-x-2">
          <HowBadge how={how} />
          <span className="text-muted">
            {HOW[how].meaning}
            {record.upstream === null
              ? ''
              : how === 'upstream'
                ? `: ${record.upstream}`
                : `, last tried ${record.upstream}`}
          </span>
        </p>
        {error_code === null ? null : (
          <p className="mt-1.5 rounded-md border border-open px-3 py-1.5">
            {errorInWords(error_code)} <span className="font-mono text-muted">{error_code}</span>
          </p>
        )}
      </div>
      <WaterfallChart record={record} />
      <dl className="grid grid-cols-[repeat(auto-fill,minmax(9rem,1fr))] gap-x-4 gap-y-2.5 border-t px-4 py-3">
        <Fact name="Status">{status}</Fact>
        <Fact name="Came in">
          <LocalTime iso={record.at} nowMs={nowMs} />
        </Fact>
        <Fact name="Total">{fineMs(record.total_ms)}</Fact>
        <Fact name="First byte">{fineMs(record.first_byte_ms)}</Fact>
        <Fact name="Added by Switchgear">{fineMs(record.added_ms)}</Fact>
        <Fact name="Waited for a connection">
          {record.queue_ms === 0 ? 'not at all' : fineMs(record.queue_ms)}
        </Fact>
        <Fact name="Tokens in">{tokens_in === null ? UNKNOWN : formatCount(tokens_in)}</Fact>
        <Fact name="Tokens out">{tokens_out === null ? UNKNOWN : formatCount(tokens_out)}</Fact>
        <Fact name="Endpoint" mono>
          {record.endpoint}
        </Fact>
        <Fact name="Model" mono>
          {record.model ?? UNKNOWN}
        </Fact>
        <Fact name="Streamed">{record.stream ? 'yes' : 'no'}</Fact>
        <Fact name="Component" mono>
          {record.component ?? UNKNOWN}
        </Fact>
        <Fact name="Client" wide>
          {record.user_agent ?? UNKNOWN}
        </Fact>
      </dl>
    </>
  );
}

function Fact({
  name,
  mono = false,
  wide = false,
  children,
}: {
  name: string;
  mono?: boolean;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={`min-w-0 ${wide ? 'col-span-full' : ''}`}>
      <dt className="text-faint">{name}</dt>
      <dd className={`break-words ${mono ? 'font-mono' : ''}`}>{children}</dd>
    </div>
  );
}
