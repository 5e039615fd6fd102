'use client';

import { useState } from 'react';
import { windowText } from '#components/cache/cache-words.ts';
import { Card } from '#components/ui/card.tsx';
import { type Choice, Select } from '#components/ui/field.tsx';
import { formatCount, formatRate } from '#components/ui/format.ts';
import { StateNote } from '#components/ui/state-notes.tsx';
import { CACHE_WINDOWS_S, type CacheMetrics, type CacheOutcomes } from '#lib/contracts/cache.ts';

const WORDS: readonly [keyof CacheOutcomes, string, string][] = [
  ['hit_memory', 'from memory', 'bg-closed'],
  ['hit_redis', 'from Redis', 'bg-[var(--series-2)]'],
  ['coalesced', 'joined another’s call', 'bg-held'],
  ['stale', 'late, while the upstream fails', 'bg-half-open'],
  ['miss', 'asked of the upstream', 'bg-[var(--series-1)]'],
  ['bypass', 'past the cache', 'bg-faint'],
];
const CHOICES: readonly Choice[] = CACHE_WINDOWS_S.map((window) => [String(window), windowText(window)]);

/** Where answers came from, as shares of all looks in a window. */
export function Outcomes({ metrics }: { metrics: CacheMetrics }) {
  const [chosen, setChosen] = useState(String(CACHE_WINDOWS_S[1]));
  const window = metrics.overall.windows.find(({ window_s }) => String(window_s) === chosen);
  const total = WORDS.reduce((sum, [key]) => sum + (window?.outcomes[key] ?? 0), 0);
  return (
    <Card
      title="Where answers came from"
      aside={
        <Select
          aria-label="Window"
          value={chosen}
          choices={CHOICES}
          onChange={(event) => setChosen(event.target.value)}
          className="ml-auto h-7! text-[12px]"
        />
      }
    >
      {window === undefined || total === 0 ? (
        <div className="border-t">
          <StateNote kind="noTraffic" title="Nothing was looked up in this window" />
        </div>
      ) : (
        <ul className="border-t px-4 py-2.5">
          {WORDS.map(([key, text, color]) => {
            const count = window.outcomes[key];
            return (
              <li key={key} className="py-1">
                <p className="flex justify-between gap-2">
                  <span className={count === 0 ? 'text-faint' : 'text-muted'}>{text}</span>
                  <span className={count === 0 ? 'text-faint' : ''}>
                    {formatCount(count)} · {formatRate(count / total)}
                  </span>
                </p>
                <div className="mt-0.5 h-1 rounded bg-raised" aria-hidden>
                  <div className={`h-1 rounded ${color}`} style={{ width: `${(count / total) * 100}%` }} />
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
