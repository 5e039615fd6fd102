/** Breaker records as text in a store. One that cannot be read counts as none, and is told of. */
import { type BreakerRecords, breakerRecordSchema } from '#lib/breaker/record.ts';

export interface TextStore {
  read(name: string): string | null;
  write(name: string, body: string): void;
  remove(name: string): void;
}

export function storedRecords(
  store: TextStore,
  onUnreadable: (component: string, message: string) => void,
): BreakerRecords {
  return {
    load(component) {
      const body = store.read(component);
      if (body === null) return null;
      try {
        return breakerRecordSchema.parse(JSON.parse(body));
      } catch (thrown) {
        onUnreadable(component, thrown instanceof Error ? thrown.message : String(thrown));
        return null;
      }
    },
    save: (component, record) => store.write(component, JSON.stringify(record)),
    remove: (component) => store.remove(component),
  };
}
