'use client';

import { useRef, useState } from 'react';
import { BreakerTable } from '#components/breakers/breaker-table.tsx';
import { isQuiet, nextOrder, type Order } from '#components/breakers/order.ts';
import { useLive } from '#components/live/live-context.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import type { Component } from '#lib/contracts/snapshot.ts';

/** The breakers of a snapshot that has all of them, as they move; those without traffic are folded away. */
export function ShownBreakers({ state, text }: { state: string | null; text: string | null }) {
  const { snapshot, nowMs } = useLive();
  const [unfolded, setUnfolded] = useState(false);
  const order = useRef<Order | null>(null);
  order.current = nextOrder(order.current, snapshot.components, nowMs);
  const byName = new Map(snapshot.components.map((component) => [component.name, component]));
  const sorted = order.current.names.flatMap((name) => byName.get(name) ?? []);
  const isFiltered = state !== null || text !== null;
  const matching = sorted.filter((component) => matches(component, state, text));
  const folded = isFiltered || unfolded ? [] : matching.filter(isQuiet);
  const all = folded.length === matching.length;
  const shown = all ? matching : matching.filter((component) => !folded.includes(component));
  return (
    <>
      {shown.length === 0 ? (
        <div className="border-t">
          <StateNote kind="empty" title="No breaker is like that" />
        </div>
      ) : (
        <BreakerTable components={shown} nowMs={nowMs} />
      )}
      {isFiltered || (folded.length === 0 && !unfolded) || all ? null : (
        <button
          type="button"
          aria-expanded={unfolded}
          onClick={() => setUnfolded(!unfolded)}
          className="w-full border-t px-4 py-1.5 text-left text-muted hover:bg-raised"
        >
          {unfolded ? 'Fold away those without traffic' : `Show ${folded.length} more closed, no traffic`}
        </button>
      )}
    </>
  );
}

function matches(component: Component, state: string | null, text: string | null): boolean {
  if (text !== null && !component.name.includes(text.trim().toLowerCase())) return false;
  if (state === null) return true;
  return state === 'held' ? component.hold !== null : component.state === state;
}
