'use client';

import { Plug } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { ConnectPanel } from '#components/connect/connect-panel.tsx';
import { Button } from '#components/ui/button.tsx';

/** How to point a client here, from anywhere in the console. */
export function ConnectDialog({ address, model }: { address: string; model: string }) {
  return (
    <Dialog.Root>
      <Dialog.Trigger asChild>
        <Button aria-label="Connect a client">
          <Plug size={14} aria-hidden />
          <span className="max-2xl:hidden">Connect</span>
        </Button>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Content className="fixed top-1/2 left-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-card border bg-card py-4">
          <Dialog.Title className="px-4 text-[16px] font-semibold">Point your client here</Dialog.Title>
          <Dialog.Description className="px-4 pb-3 text-muted">Nothing else changes.</Dialog.Description>
          <ConnectPanel address={address} model={model} />
          <div className="flex justify-end px-4">
            <Dialog.Close asChild>
              <Button>Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
