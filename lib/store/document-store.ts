/** Where texts of one kind are kept by name: what only their owner reads, such as the state of each breaker. */
export interface DocumentStore {
  /** Null when there is nothing of that name. */
  read(name: string): string | null;
  write(name: string, body: string): void;
  remove(name: string): void;
  /** The most recently written ones first. */
  newest(limit: number): string[];
  /** Forgets all but so many of the most recently written ones. */
  keepNewest(count: number): void;
}
