/** npm, from within a script that npm may have started. */
import { EX_UNAVAILABLE } from './run.mjs';

const NO_NETWORK =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b/;

/** The npm that runs this script, by the Node that does; else the one on the path. */
export function npmCommand(args) {
  const npm = process.env.npm_execpath;
  return npm?.endsWith('js') ? [process.execPath, [npm, ...args]] : ['npm', args];
}

/** Why npm failed, where its output tells; null otherwise. */
export function explainNpm(output) {
  const code = NO_NETWORK.exec(output)?.[1];
  if (code !== undefined)
    return {
      message: `the package registry cannot be reached (${code}); check the network, then "npm config get registry"`,
      exitCode: EX_UNAVAILABLE,
    };
  if (/\b(ENOSPC)\b/.test(output)) return { message: 'the disk is full (ENOSPC)', exitCode: 1 };
  if (/\b(EACCES|EROFS)\b/.test(output))
    return { message: "this folder or npm's cache is not writable (EACCES)", exitCode: 1 };
  return null;
}
