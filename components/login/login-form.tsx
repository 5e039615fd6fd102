'use client';

import { useActionState } from 'react';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';

/** Asks for the admin token and goes on to the page that was wanted. */
export function LoginForm({ next }: { next: string }) {
  const [error, submit, pending] = useActionState(async (_previous: string | null, form: FormData) => {
    try {
      await send('POST', '/api/session', { token: String(form.get('token') ?? '') });
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : 'The server did not answer';
    }
    location.assign(next);
    return null;
  }, null);
  return (
    <main className="mx-auto mt-24 max-w-sm px-4">
      <h1 className="text-2xl font-semibold">Switchgear</h1>
      <form action={submit} className="mt-6 flex flex-col gap-3">
        <label htmlFor="token" className="font-medium">
          Admin token
        </label>
        <input
          id="token"
          name="token"
          type="password"
          autoComplete="current-password"
          required
          className="h-9 rounded-md border bg-card px-3"
        />
        <p role="alert" className="min-h-5 text-open">
          {error}
        </p>
        <Button type="submit" kind="primary" disabled={pending} className="justify-center">
          {pending ? 'Opening…' : 'Open the console'}
        </Button>
      </form>
    </main>
  );
}
