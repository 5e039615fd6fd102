'use client';

import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useRef } from 'react';

export interface Column<Row> {
  readonly key: string;
  readonly header: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** Figures stand at the end of their column. */
  readonly align?: 'start' | 'end';
  /** A CSS width; columns without one share what is left. */
  readonly width?: string;
  readonly sortable?: boolean;
  /** On a narrow screen, where each row is a card: its title, a line with the header before it, or left out. */
  readonly card?: 'title' | 'line' | 'hidden';
}

export interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

interface Props<Row> {
  /** What the table holds, for those who do not see it. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** The rows come sorted; the headers of sortable columns ask for another order. */
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  /** With it rows can be chosen: by a click, or by arrow keys and Enter. */
  onSelect?: (key: string) => void;
  selected?: string | null;
  /** Instead of rows when there are none. */
  empty?: ReactNode;
  /** The table scrolls in itself, below its header. */
  maxHeight?: string;
  rowClassName?: (row: Row) => string;
  /**
   * Of a list that grows at its top: rows are drawn anew in their places instead of moving down, so that nothing
   * shifts. Whoever has the focus in it must see it stand still.
   */
  byPlace?: boolean;
}

/** A real table with a header that stays; cards on a narrow screen. */
export function DataTable<Row>(props: Props<Row>) {
  const { caption, columns, rows, keyOf, sort, onSort, onSelect, selected = null, empty, maxHeight } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const focusable = selected ?? (rows[0] === undefined ? null : keyOf(rows[0]));
  const move = (event: KeyboardEvent<HTMLTableRowElement>) => {
    const row = event.currentTarget;
    const next = nextRow(event.key, row, body.current);
    if (next !== null) {
      event.preventDefault();
      next.focus();
    } else if (event.key === 'Enter' && event.target === row && row.dataset.key !== undefined) {
      event.preventDefault();
      onSelect?.(row.dataset.key);
    }
  };
  return (
    <div className="overflow-auto" style={maxHeight === undefined ? undefined : { maxHeight }}>
      <table
        className="w-full table-fixed border-separate border-spacing-0 max-sm:block"
        aria-label={caption}
      >
        <thead className="max-sm:hidden">
          <tr>
            {columns.map((column) => (
              <Header
                key={column.key}
                column={column}
                {...(sort === undefined ? {} : { sort })}
                {...(onSort === undefined ? {} : { onSort })}
              />
            ))}
          </tr>
        </thead>
        <tbody ref={body} className="max-sm:block">
          {rows.map((row, place) => {
            const key = keyOf(row);
            return (
              <tr
                key={props.byPlace === true ? place : key}
                data-key={key}
                {...(onSelect === undefined
                  ? {}
                  : {
                      tabIndex: key === focusable ? 0 : -1,
                      'aria-current': key === selected,
                      onClick: () => onSelect(key),
                      onKeyDown: move,
                    })}
                className={`max-sm:flex max-sm:flex-wrap max-sm:gap-x-4 max-sm:gap-y-0.5 max-sm:border-t max-sm:px-4 max-sm:py-2.5 ${onSelect === undefined ? '' : 'cursor-pointer hover:bg-raised focus-visible:outline-offset-[-2px]'} ${key === selected ? 'bg-raised' : ''} ${props.rowClassName?.(row) ?? ''}`}
              >
                {columns.map((column) => (
                  <Cell key={column.key} column={column} row={row} />
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length === 0 ? empty : null}
    </div>
  );
}

function Header<Row>({
  column: { key, header, align, width, sortable },
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
}) {
  const sorted = sort?.key === key;
  const Arrow = sort?.descending === true ? ArrowDown : ArrowUp;
  return (
    <th
      scope="col"
      style={width === undefined ? undefined : { width }}
      aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : undefined}
      className={`sticky top-0 z-10 border-t border-b bg-card px-2 py-1.5 font-normal text-muted first:pl-4 last:pr-4 ${align === 'end' ? 'text-right' : 'text-left'}`}
    >
      {sortable === true && onSort !== undefined ? (
        <button
          type="button"
          onClick={() => onSort({ key, descending: sorted ? !sort.descending : true })}
          className="inline-flex items-center gap-1 hover:text-text"
        >
          {header}
          <Arrow size={12} aria-hidden className={sorted ? '' : 'invisible'} />
        </button>
      ) : (
        header
      )}
    </th>
  );
}

const CARDS = {
  title: 'max-sm:w-full max-sm:font-medium',
  line: '',
  hidden: 'max-sm:hidden',
} as const;

function Cell<Row>({
  column: { header, cell, align, card = 'line' },
  row,
}: {
  column: Column<Row>;
  row: Row;
}) {
  return (
    <td
      className={`min-w-0 overflow-hidden border-line px-2 py-1.5 text-ellipsis first:pl-4 last:pr-4 max-sm:p-0! sm:border-b ${align === 'end' ? 'sm:text-right' : ''} ${CARDS[card]}`}
    >
      {card === 'line' ? <span className="mr-1.5 text-muted sm:hidden">{header}</span> : null}
      {cell(row)}
    </td>
  );
}

/** Where a key leads to from a row; null when it leads nowhere. */
function nextRow(key: string, row: Element, body: Element | null): HTMLElement | null {
  const to =
    key === 'ArrowDown'
      ? row.nextElementSibling
      : key === 'ArrowUp'
        ? row.previousElementSibling
        : key === 'Home'
          ? body?.firstElementChild
          : key === 'End'
            ? body?.lastElementChild
            : null;
  return to instanceof HTMLElement ? to : null;
}
