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
  const allowed = issue.message.replace(/^Invalid (?:input|option): /, '');
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
