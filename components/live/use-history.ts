'use client';

import { useMemo } from 'react';
import useSWR from 'swr';
import { useLive } from '#components/live/live-context.ts';
import { continued, type Points, type Range } from '#components/live/series.ts';
import { load } from '#components/ui/api.ts';
import type { LoggedEvent } from '#lib/contracts/events.ts';
import { type History, historySchema, LIVE_STEPS_S, MAX_SERIES } from '#lib/contracts/history.ts';

export type HistoryState =
  | { readonly state: 'loading' }
  | { readonly state: 'error'; readonly message: string }
  | { readonly state: 'ready'; readonly points: Points; readonly events: readonly LoggedEvent[] };

/** A long range is fetched anew after this share of its step. */
const REFRESH_SHARE = 0.1;
const NOTHING: readonly LoggedEvent[] = [];

/**
 * Series over a range up to now: fetched once, then continued from the snapshots; long ranges are fetched anew. In a
 * pause they end with it.
 */
export function useHistory(names: readonly string[], range: Range): HistoryState {
  const { nowMs, rows, status, events } = useLive();
  const isLive = (LIVE_STEPS_S as readonly number[]).includes(range.stepS);
  const isPaused = status === 'paused';
  const key = names.join(',');
  // The first snapshot is about to come, and what is fetched before it would have a gap behind it.
  const waits = key === '' || status === 'connecting';
  const { data, error } = useSWR(
    waits ? null : ['history', key, range.key, rows.generation],
    () => loadHistory(key.split(','), range, nowMs, isPaused),
    {
      keepPreviousData: true,
      revalidateOnFocus: false,
      revalidateOnReconnect: false,
      refreshInterval: isLive || isPaused ? 0 : range.stepS * 1_000 * REFRESH_SHARE,
    },
  );
  const kept = isLive ? rows.of(range.stepS) : [];
  const newest = kept.at(-1)?.atMs ?? 0;
  const untilMs = isPaused ? nowMs : Number.POSITIVE_INFINITY;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `kept` grows in place, and `newest` tells when
  return useMemo((): HistoryState => {
    // What was fetched for another range is not shown under this one's name.
    if (data === undefined || data.range !== range.key || data.names !== key) {
      if (error === undefined) return { state: 'loading' };
      return { state: 'error', message: error instanceof Error ? error.message : 'No answer' };
    }
    const { history } = data;
    const end = Math.min(untilMs, Math.max(newest + range.stepS * 1_000, Date.parse(history.to)));
    const points = continued(history, kept, key.split(','), range, end);
    return { state: 'ready', points, events: marked(history.events, events, points.timesMs[0] ?? 0, end) };
  }, [data, error, newest, untilMs, key, range, events]);
}

/** Those of the fetched history, and those that came since. */
function marked(
  fetched: readonly LoggedEvent[],
  live: readonly LoggedEvent[],
  fromMs: number,
  untilMs: number,
): readonly LoggedEvent[] {
  const known = new Set(fetched.map(({ seq }) => seq));
  const all = [...fetched, ...live.filter(({ seq }) => !known.has(seq))];
  const within = all.filter(({ at }) => Date.parse(at) >= fromMs && Date.parse(at) <= untilMs);
  return within.length === 0 ? NOTHING : within.sort((a, b) => a.seq - b.seq);
}

interface Fetched {
  readonly history: History;
  readonly range: string;
  readonly names: string;
}

/** In as many questions as the server's bound on series makes of it. */
async function loadHistory(
  names: readonly string[],
  range: Range,
  nowMs: number,
  isPaused: boolean,
): Promise<Fetched> {
  const from = new Date(nowMs - range.seconds * 1_000).toISOString();
  const parts: Promise<History>[] = [];
  for (let first = 0; first < names.length; first += MAX_SERIES) {
    const query = new URLSearchParams({
      series: names.slice(first, first + MAX_SERIES).join(','),
      from,
      ...(isPaused ? { to: new Date(nowMs).toISOString() } : {}),
      step_s: String(range.stepS),
    });
    parts.push(load(`/api/history?${query}`, historySchema));
  }
  const [head, ...rest] = await Promise.all(parts);
  if (head === undefined) throw new Error('no series were asked for');
  // Each has its own end; what all have in common is what can be shown.
  const length = Math.min(head.times.length, ...rest.map(({ times }) => times.length));
  const series = Object.assign({}, head.series, ...rest.map((part) => part.series));
  const history = { ...head, times: head.times.slice(0, length), series };
  return { history, range: range.key, names: names.join(',') };
}
