'use client';

import { ActDialog } from '#components/breakers/act-dialog.tsx';
import { HoldDialog } from '#components/breakers/hold-dialog.tsx';
import { HoldsList } from '#components/breakers/holds-list.tsx';
import { apiOf } from '#components/breakers/paths.ts';
import { StateBadge } from '#components/breakers/state-badge.tsx';
import { whyOf } from '#components/breakers/why.ts';
import { callersNotice } from '#components/breakers/window-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { useMounted } from '#components/ui/local-time.tsx';
import { useAction } from '#components/ui/use-action.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

/** The state, why, since when, what next and what callers notice; and what can be done about it. */
export function StateCard({ component }: { component: Component }) {
  const { snapshot, nowMs } = useLive();
  const { name, state, computed_state, hold, holds } = component;
  const why = whyOf(component, nowMs, useMounted());
  const { pending, error, run } = useAction();
  const probe = () =>
    run(async () => {
      await send('POST', apiOf(name, 'probe'));
      return `${name} probes now.`;
    });
  return (
    <section aria-label={`State of ${name}`} className="rounded-card border bg-card">
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3 px-4 py-3">
        <div className="min-w-0 flex-1 basis-72">
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span className="font-mono text-[16px] font-semibold break-all">{name}</span>
            <StateBadge breaker={component} />
            {hold === null ? null : (
              <span className="text-muted">by its traffic it is {computed_state.replace('_', '-')}</span>
            )}
          </p>
          <p className="mt-2 break-words">{why.cause === '' ? 'All is well with it.' : why.cause}</p>
          <p className="text-muted" data-part="next">
            {why.next}
          </p>
          <p className="mt-1 text-muted">{callersNotice(component, snapshot)}</p>
        </div>
        <div className="flex flex-wrap gap-2">
          {computed_state === 'open' && hold === null ? (
            <Button onClick={probe} disabled={pending}>
              {pending ? 'Asking…' : 'Probe now'}
            </Button>
          ) : null}
          {state === 'open' && hold !== null ? null : <ActDialog act="trip" component={component} />}
          <HoldDialog component={name} />
          <ActDialog act="reset" component={component} />
        </div>
      </div>
      <ActionError error={error} className="px-4 pb-3" />
      <HoldsList component={name} holds={holds} />
    </section>
  );
}
