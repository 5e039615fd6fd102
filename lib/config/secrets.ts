/** How a value may be shown to people. */
import { type ConfigPath, isMapping } from '#lib/config/paths.ts';
import { nodeAt } from '#lib/config/schema.ts';

export const SECRET = '[secret]';

const SECRET_KEYS = new Set<PropertyKey>(['api_key', 'api_keys', 'admin_token', 'password']);
const MAX_SHOWN_LENGTH = 80;

/**
 * A value as it may be printed: `[secret]` for a secret, an address without its credentials and query, only the
 * kind of what stands where something of another kind belongs, else the value as JSON, shortened.
 */
export function showValue(path: ConfigPath, value: unknown): string {
  if (path.some((part) => SECRET_KEYS.has(part))) return SECRET;
  if (Array.isArray(value)) return '[a list]';
  if (isMapping(value)) return '[a mapping]';
  const node = nodeAt(path);
  // A lone scalar in a mapping's place is often its most important member: `auth: my-token`.
  if (node === null || node.type === 'object' || node.type === 'array') {
    return value === null ? '[nothing]' : `[a ${typeof value}]`;
  }
  if (typeof value === 'string' && node.format === 'uri') return showUrl(value);
  if (typeof value === 'string') return quote(value);
  return value === null ? '[nothing]' : String(value);
}

/** A string from the environment or a message, quoted and shortened. */
export function quote(text: string): string {
  const shown = text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
  return JSON.stringify(shown);
}

/** What is no proper address is not shown at all: no one can say which part of it is the password. */
function showUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') return text === '' ? '""' : SECRET;
  const credentials = url.username === '' && url.password === '' ? '' : `${SECRET}@`;
  const query = url.search === '' && url.hash === '' ? '' : `?${SECRET}`;
  return quote(`${url.protocol}//${credentials}${url.host}${url.pathname}${query}`);
}
