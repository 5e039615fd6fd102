'use client';

import { useState } from 'react';
import { CLIENTS, snippetOf } from '#components/connect/snippets.ts';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Switch } from '#components/ui/switch.tsx';
import { Tabs } from '#components/ui/tabs.tsx';

/** The addresses, and a first call for each of the three usual clients. */
export function ConnectPanel({ address, model }: { address: string; model: string }) {
  const [client, setClient] = useState<string>('openai');
  const [stream, setStream] = useState(false);
  const shown = CLIENTS.find((each) => each === client) ?? 'openai';
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-2 pb-3">
        <Address name="OpenAI" url={`${address}/v1`} />
        <Address name="Ollama" url={address} />
      </dl>
      <Tabs
        label="Client"
        value={client}
        onChange={setClient}
        tabs={CLIENTS.map((each) => ({
          key: each,
          label: each,
          content: (
            <section
              aria-label={`The ${each} example`}
              // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
              tabIndex={0}
              className="overflow-x-auto rounded-md bg-raised p-3"
            >
              <pre className="min-h-40 font-mono text-[12px]">{snippetOf(each, address, model, stream)}</pre>
            </section>
          ),
        }))}
        aside={
          <>
            <Switch label="streaming" checked={stream} onChange={setStream} />
            <CopyButton text={snippetOf(shown, address, model, stream)} label={`Copy the ${shown} example`} />
          </>
        }
      />
    </>
  );
}

function Address({ name, url }: { name: string; url: string }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 font-mono text-[12px] break-all sm:text-[14px]">{url}</dd>
      <dd>
        <CopyButton text={url} label={`Copy the address for ${name} clients`} />
      </dd>
    </>
  );
}
