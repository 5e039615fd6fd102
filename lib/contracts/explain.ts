/** Tells someone who sent bad input which field is wrong, what it holds, and what is allowed. */
import { z } from 'zod';

export interface Explanation {
  /** `messages[0].content`; '' when the input as a whole is wrong. */
  field: string;
  message: string;
}

const MAX_SHOWN_CHARS = 60;

/** The explanations of an error's issues, in their order. */
export function explain(error: z.ZodError, input: unknown): Explanation[] {
  return error.issues.map((issue) => explainIssue(issue, input));
}

function explainIssue(issue: z.core.$ZodIssue, input: unknown): Explanation {
  const allowed = allowedBy(issue);
  if (issue.code === 'unrecognized_keys') {
    const field = z.core.toDotPath([...issue.path, issue.keys[0] ?? '']);
    return { field, message: `${field}: is not known` };
  }
  const field = z.core.toDotPath(issue.path);
  if (field === '') return { field, message: `The request body: ${allowed}` };
  const value = valueAt(input, issue.path);
  const said = value === undefined ? 'is required' : `${shown(value)} is not allowed`;
  return { field, message: `${field}: ${said}; ${allowed}` };
}

/** zod's own words, made into what must be. Texts of our schemas stay as they are. */
function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return issue.message.startsWith('Too small')
        ? `must be ${bound(issue.inclusive, 'at least', 'more than')} ${issue.minimum}${unitOf(issue.origin)}`
        : issue.message;
    case 'too_big':
      return issue.message.startsWith('Too big')
        ? `must be ${bound(issue.inclusive, 'at most', 'less than')} ${issue.maximum}${unitOf(issue.origin)}`
        : issue.message;
    default:
      return issue.message
        .replace(/^Invalid (?:input|option): /, '')
        .replace(/, received .*$/, '')
        .replace(/^expected one of /, 'must be one of ')
        .replace(/^expected /, 'must be of type ');
  }
}

function bound(inclusive: boolean | undefined, within: string, beyond: string): string {
  return inclusive === false ? beyond : within;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'this array';
  if (typeof value === 'object' && value !== null) return 'this object';
  const written = JSON.stringify(value);
  return written.length > MAX_SHOWN_CHARS ? `${written.slice(0, MAX_SHOWN_CHARS)}…` : written;
}
