'use client';

import { useEffect, useRef, useState } from 'react';
import { Turns } from '#components/charts/turns.ts';

/** Long enough for what the hand did meanwhile. */
const APART_MS = 16;

const turns = new Turns((run) => void setTimeout(run, APART_MS));

/** The value, a little later than it was given: when it is this one's turn. Null before the first. */
export function useTurn<T>(value: T): T | null {
  const [shown, setShown] = useState<T | null>(null);
  const me = useRef({}).current;
  useEffect(() => turns.ask(me, () => setShown(value)), [me, value]);
  useEffect(() => () => turns.leave(me), [me]);
  return shown;
}
