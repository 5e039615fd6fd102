'use client';

import { LogOut as Icon } from 'lucide-react';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { useAction } from '#components/ui/use-action.ts';

/** Ends the session in this browser. */
export function LogOut() {
  const { pending, error, run } = useAction();
  const leave = () =>
    run(async () => {
      await send('DELETE', '/api/session');
      location.assign('/login');
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
