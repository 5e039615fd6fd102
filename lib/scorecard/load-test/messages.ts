/** What passes between the load test's process and this one. */
import type { LoadFigures } from '#lib/contracts/score.ts';

export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly apiKey: string | null;
  readonly chatModel: string;
  readonly embeddingModel: string | null;
  readonly roundS: number;
}

/** What it has sent through the gateway so far, and how the cache answered. */
export interface OwnRequests {
  readonly hits: number;
  readonly misses: number;
}

export type FromLoadTest =
  | { readonly type: 'sent'; readonly own: OwnRequests }
  | { readonly type: 'progress'; readonly progress: number; readonly step: string }
  | { readonly type: 'finished'; readonly figures: LoadFigures }
  | { readonly type: 'failed'; readonly message: string };
