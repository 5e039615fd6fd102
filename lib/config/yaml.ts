/** Reads YAML into plain values. Faults name lines and never quote the text, for a secret may stand in it. */
import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { ConfigFault } from '#lib/config/faults.ts';
import { isMapping, type Mapping } from '#lib/config/paths.ts';

/** Aliases that may be resolved, counted with what they multiply to. */
const MAX_ALIASES = 100;
const MAX_FAULTS = 20;

const ALLOWED: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'an alias must name an anchor above it; quote a value that begins with *',
  BAD_INDENT: 'the lines of a mapping or list must be indented alike, and every bracket closed',
  BAD_SCALAR_START: 'a value that begins with @ or ` must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a nested mapping must begin on its own line; quote a value that has ": " in it',
  DUPLICATE_KEY: 'a key may stand only once in a mapping',
  MISSING_CHAR: 'a closing quote, bracket or comma, or the colon of a key, must not be left out',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; perhaps its colon is missing',
  MULTIPLE_DOCS: 'the file must be one document, without --- in between',
  TAB_AS_INDENT: 'lines must be indented with spaces',
  TAG_RESOLVE_FAILED: 'tags are not known here; quote a value that begins with !',
  UNEXPECTED_TOKEN: 'this must be YAML; perhaps a quote, a comma or a line end is missing',
};

export type YamlResult = { ok: true; value: Mapping } | { ok: false; faults: ConfigFault[] };

/** What an empty file, or one of comments alone, is told: it says nothing, and may be one that is not written yet. */
const EMPTY = 'must hold a key; write {} where nothing but defaults is wanted';

/** Parses a whole file. `name` is how faults call the file. */
export function parseYaml(text: string, name: string): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, uniqueKeys: true });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) {
    return {
      ok: false,
      faults: errors.slice(0, MAX_FAULTS).map(({ code, pos }) => ({
        path: `${name}:${lines.linePos(pos[0]).line}`,
        value: '[this line]',
        allowed: ALLOWED[code] ?? 'this must be YAML',
      })),
    };
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (value === null || value === undefined) return refuse(name, '[nothing]', EMPTY);
    if (isMapping(value)) return { ok: true, value };
    return refuse(name, '[the whole file]', 'must be a mapping, such as listen: { port: 8003 }');
  } catch {
    return refuse(name, '[an alias]', 'must name an anchor above it, and may not multiply the file');
  }
}

function refuse(path: string, value: string, allowed: string): YamlResult {
  return { ok: false, faults: [{ path, value, allowed }] };
}
