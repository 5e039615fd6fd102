/** Whom a connection comes from, as far as limits by address go. */
import type { IncomingMessage } from 'node:http';

/** Carries it to the route handlers, which see no connection; what a client sends under this name is overwritten. */
export const ADDRESS_HEADER = 'x-switchgear-client-address';

/**
 * An IPv4 address as it is; of an IPv6 address its network of 64 bits, all of which one subscriber has.
 * `unknown` when the connection is gone.
 */
export function clientAddressOf({ socket }: Pick<IncomingMessage, 'socket'>): string {
  const address = socket.remoteAddress;
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [before = '', after] = (address.split('%', 1)[0] ?? '').split('::');
  const head = groupsOf(before);
  const tail = groupsOf(after ?? '');
  const zeros =
    after === undefined ? [] : new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const network = [...head, ...zeros, ...tail].slice(0, 4);
  return `${network.join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, '').toLowerCase());
}
