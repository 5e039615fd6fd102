'use client';

import { LogOut as Icon } from 'lucide-react';
import { logOut } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { useAction } from '#components/ui/use-action.ts';

/** Ends the session, on the server and in this browser. */
export function LogOut() {
  const { pending, error, run } = useAction();
  const leave = () =>
    run(async () => {
      await logOut();
      return null;
    });
  return (
    <Button
      onClick={leave}
      disabled={pending}
      aria-label="Log out"
      title={error === '' ? 'Log out' : `Log out (${error})`}
      className={`w-9 justify-center px-0 ${error === '' ? '' : 'text-open'}`}
    >
      <Icon size={15} aria-hidden />
    </Button>
  );
}
