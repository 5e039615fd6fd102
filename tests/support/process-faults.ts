/**
 * What a process must never say of itself: a warning of Node's, or a promise that nobody held. Noted here by whoever
 * hears it (this process, its workers, servers that a test starts), and read when a test file ends.
 */

/** What cannot be avoided, each with its reason. */
const ALLOWED: readonly { pattern: RegExp; reason: string }[] = [];

/** In what a process writes to its standard error, each warning of Node's and each fault that ended it. */
const SAID =
  /^\(node:\d+\) .*Warning: .*$|^.*(?:UnhandledPromiseRejection|unhandledRejection|triggerUncaught).*$/gm;
/** In the log of a server, on its standard output. */
const LOGGED = /^\{.*"msg":"internal fault".*\}$/gm;

const noted: string[] = [];

export function noteFault(text: string): void {
  if (!ALLOWED.some(({ pattern }) => pattern.test(text))) noted.push(text);
}

/** Those since the last time. */
export function takeFaults(): string[] {
  return noted.splice(0);
}

/** The faults in the output of a process. */
export function faultsIn({ stdout = '', stderr = '' }: { stdout?: string; stderr?: string }): string[] {
  return [...stderr.matchAll(SAID), ...stdout.matchAll(LOGGED)].map(([line]) => line);
}
