'use client';

import { Plug } from 'lucide-react';
import { useState } from 'react';
import { ConnectPanel } from '#components/connect/connect-panel.tsx';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';

/** How to point a client here, from anywhere in the console. */
export function ConnectDialog({ address, model }: { address: string; model: string }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button title="Connect a client">
          <Plug size={14} aria-hidden />
          <span className="max-[1400px]:sr-only">
            Connect<span className="sr-only"> a client</span>
          </span>
        </Button>
      }
      title="Point your client here"
      description="Change its address; nothing else changes."
      wide
    >
      <ConnectPanel address={address} model={model} />
    </Dialog>
  );
}
