/** CPU time of a process, all its threads together, from Linux's /proc. */
import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds since its start. @throws Error where there is no /proc, or the process has ended */
export function cpuSecondsOf(pid: number): number {
  // The command's name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
