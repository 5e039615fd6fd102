import { useCallback } from 'react';
import { useUrlState } from '#components/live/use-url-state.ts';

/** The page alone, in the address, so that a screen on a wall comes back to it. */
export function useKiosk(): [boolean, (kiosk: boolean) => void] {
  const [value, setValue] = useUrlState('kiosk');
  const set = useCallback((kiosk: boolean) => setValue(kiosk ? '1' : null), [setValue]);
  return [value !== null, set];
}
