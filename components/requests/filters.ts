/** What the log is narrowed to: the query of `GET /api/requests`, and the same in the address of the page. */
import { isServed } from '#components/requests/how.ts';
import type { RequestRecord } from '#lib/contracts/requests.ts';

export const FILTERS = ['upstream', 'operation', 'model', 'how', 'trouble', 'min_ms', 'id'] as const;
export type FilterName = (typeof FILTERS)[number];
/** Those that are set. */
export type Filters = Readonly<Partial<Record<FilterName, string>>>;

export function isNarrowed(filters: Filters): boolean {
  return FILTERS.some((name) => filters[name] !== undefined);
}

/** As it is asked for; always in the same order, so that equal filters are equal texts. */
export function queryOf(filters: Filters): string {
  const query = new URLSearchParams();
  for (const name of FILTERS) {
    const value = filters[name];
    if (value !== undefined) query.set(name, value);
  }
  return query.toString();
}

/** What the server would say; for a list that stands still in a pause. */
export function matches(record: RequestRecord, filters: Filters): boolean {
  const { upstream, operation, model, how, trouble, min_ms, id } = filters;
  return (
    (upstream === undefined || record.upstream === upstream) &&
    (operation === undefined || record.operation === operation) &&
    (model === undefined || record.model === model) &&
    (how === undefined || record.how === how) &&
    (trouble !== 'true' || !isServed(record.how)) &&
    (min_ms === undefined || record.total_ms >= Number(min_ms)) &&
    (id === undefined || record.id.includes(id))
  );
}
