/** Writes the lab's texts. The same model, conversation and seed always give the same text. */
import { ADVICE, CLAIMS, OPENINGS, SUBJECTS, THOUGHTS } from '#lib/lab/corpus.ts';
import { pick } from '#lib/lab/random.ts';
import { tokensOf } from '#lib/lab/tokenizer.ts';

/** Every text begins with it, so that nobody takes the lab for an AI. */
export const LAB_LABEL = '[lab]';

const MIN_SENTENCES = 3;
const MORE_SENTENCES = 5;
const MAX_QUOTED_CHARACTERS = 120;

export function writeAnswer(question: string, random: () => number): string {
  const sentences = [pick(OPENINGS, random)];
  if (question.trim() !== '') sentences.push(`You wrote: "${quote(question)}".`);
  const count = MIN_SENTENCES + Math.floor(random() * MORE_SENTENCES);
  while (sentences.length < count + 1) {
    const claim = `${pick(SUBJECTS, random)} ${pick(CLAIMS, random)}.`;
    sentences.push(random() < 0.6 ? claim.charAt(0).toUpperCase() + claim.slice(1) : pick(ADVICE, random));
  }
  return `${LAB_LABEL} ${sentences.join(' ')}`;
}

export function writeToolAnswer(toolName: string | null, result: string): string {
  const source = toolName === null ? 'The tool' : `The tool ${toolName}`;
  return `${LAB_LABEL} ${source} answered: ${quote(result)}`;
}

export function writeThoughts(random: () => number): string {
  return `${LAB_LABEL} ${pick(THOUGHTS, random)}`;
}

export interface Bounded {
  readonly tokens: readonly string[];
  readonly reason: 'stop' | 'length';
}

/** Ends a text before the first stop sequence and after so many tokens, whichever comes first. */
export function bound(text: string, maxTokens: number, stops: readonly string[]): Bounded {
  const ends = stops.filter((stop) => stop !== '').map((stop) => text.indexOf(stop));
  const end = Math.min(text.length, ...ends.filter((index) => index >= 0));
  const tokens = tokensOf(text.slice(0, end));
  if (tokens.length > maxTokens) return { tokens: tokens.slice(0, maxTokens), reason: 'length' };
  return { tokens, reason: 'stop' };
}

function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const characters = [...line];
  if (characters.length <= MAX_QUOTED_CHARACTERS) return line;
  return `${characters.slice(0, MAX_QUOTED_CHARACTERS).join('')}…`;
}
