/** What counts as a token in the lab: its label, a word, or one punctuation mark, each with the space before it. */

const TOKEN = /\s*(?:\[lab\]|[\p{L}\p{N}\p{M}_']+|[^\s\p{L}\p{N}\p{M}_'])|\s+/gu;

/** The tokens of a text, in order; joined they are the text again. */
export function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function countTokens(text: string): number {
  return tokensOf(text).length;
}
