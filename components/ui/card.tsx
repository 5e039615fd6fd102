import type { ReactNode } from 'react';

export function Card({
  title,
  note,
  aside,
  className = '',
  children,
}: {
  title: string;
  note?: ReactNode;
  /** At the right of the title. */
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}) {
  const id = `card-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section aria-labelledby={id} className={`min-w-0 rounded-card border bg-card ${className}`}>
      <header className="flex flex-wrap items-baseline gap-x-2.5 px-4 pt-3 pb-2">
        <h2 id={id} className="text-[14px] font-semibold">
          {title}
        </h2>
        {note === undefined ? null : <span className="text-faint">{note}</span>}
        {aside}
      </header>
      {children}
    </section>
  );
}
