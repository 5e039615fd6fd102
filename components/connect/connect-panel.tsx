'use client';

import { Switch, Tabs } from 'radix-ui';
import { useState } from 'react';
import { CLIENTS, type Client, snippetOf } from '#components/connect/snippets.ts';
import { CopyButton } from '#components/ui/copy-button.tsx';

/** The addresses, and a first call for each of the three usual clients. */
export function ConnectPanel({ address, model }: { address: string; model: string }) {
  const [client, setClient] = useState<Client>('openai');
  const [stream, setStream] = useState(false);
  return (
    <>
      <dl className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-2 px-4 pb-3">
        <Address name="OpenAI" url={`${address}/v1`} />
        <Address name="Ollama" url={address} />
      </dl>
      <Tabs.Root
        value={client}
        onValueChange={(value) => setClient(value as Client)}
        className="border-t px-4 pt-2 pb-4"
      >
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-2">
          <Tabs.List aria-label="Client" className="flex gap-1">
            {CLIENTS.map((each) => (
              <Tabs.Trigger
                key={each}
                value={each}
                className="h-8 rounded-md px-2.5 text-muted data-[state=active]:bg-raised data-[state=active]:font-medium data-[state=active]:text-text"
              >
                {each}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <div className="ml-auto flex items-center gap-3">
            <label htmlFor="streaming" className="text-muted">
              streaming
            </label>
            <Switch.Root
              id="streaming"
              checked={stream}
              onCheckedChange={setStream}
              className="h-5 w-9 rounded-full border border-faint bg-raised data-[state=checked]:border-accent data-[state=checked]:bg-accent"
            >
              <Switch.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-faint transition-transform data-[state=checked]:translate-x-4.5 data-[state=checked]:bg-card" />
            </Switch.Root>
            <CopyButton
              text={snippetOf(client, address, model, stream)}
              label={`Copy the ${client} example`}
            />
          </div>
        </div>
        {CLIENTS.map((each) => (
          <Tabs.Content key={each} value={each} className="overflow-x-auto rounded-md bg-raised p-3">
            <pre className="min-h-36 font-mono text-[12px]">{snippetOf(each, address, model, stream)}</pre>
          </Tabs.Content>
        ))}
      </Tabs.Root>
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
