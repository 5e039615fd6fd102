/** Where what must outlive a restart of each breaker is kept, as text that only its owner reads. */
export interface BreakerStore {
  /** Null when there is nothing of that name. */
  read(name: string): string | null;
  write(name: string, body: string): void;
  remove(name: string): void;
}
