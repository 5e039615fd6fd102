/** Calls at the beginning of every second of the wall clock, so that what is sealed fits whole seconds. */
const SECOND_MS = 1_000;

/** @returns stops it */
export function everySecond(run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    timer = setTimeout(
      () => {
        run();
        arm();
      },
      SECOND_MS - (Date.now() % SECOND_MS),
    );
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}
