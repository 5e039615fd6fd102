/** Calls at the beginning of every second of the wall clock, so that what is sealed fits whole seconds. */
const SECOND_MS = 1_000;
/** Timers keep another clock than the wall's, and may fire this much too early: the second is not over then. */
const EARLY_MS = 10;

/**
 * @param runs in this order; one that throws keeps neither the others nor the next second from coming
 * @param onError told of what they throw
 * @param now wall clock, epoch milliseconds
 * @returns stops it
 */
export function everySecond(
  runs: readonly (() => void)[],
  onError: (thrown: unknown) => void,
  now: () => number = Date.now,
): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const leftMs = SECOND_MS - (now() % SECOND_MS);
    timer = setTimeout(
      () => {
        for (const run of runs) {
          try {
            run();
          } catch (thrown) {
            onError(thrown);
          }
        }
        arm();
      },
      leftMs <= EARLY_MS ? leftMs + SECOND_MS : leftMs,
    );
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}
