'use client';

import Link from 'next/link';
import { usePathname, useSearchParams } from 'next/navigation';
import { useEffect, useRef } from 'react';
import { useLive } from '#components/live/live-context.ts';
import { PAGES } from '#components/shell/pages.ts';
import { TourNote } from '#components/tour/tour-note.tsx';

/** At the left on a wide screen, along the bottom on a narrow one. */
export function Navigation() {
  const pathname = usePathname();
  const list = useRef<HTMLUListElement>(null);
  // On a narrow screen there is not room for all.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is another current one
  useEffect(() => {
    const current = list.current?.querySelector('[aria-current="page"]');
    current?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  const range = useSearchParams().get('range');
  const { snapshot } = useLive();
  const troubled = snapshot.totals.not_closed;
  return (
    <nav
      aria-label="Pages"
      className="z-20 border-line bg-ground max-lg:fixed max-lg:inset-x-0 max-lg:bottom-0 max-lg:border-t lg:w-44 lg:shrink-0 lg:border-r"
    >
      <div className="lg:sticky lg:top-14">
        <ul
          ref={list}
          className="flex gap-1 p-2 max-lg:overflow-x-auto max-lg:px-1 max-lg:justify-around lg:flex-col"
        >
          {PAGES.map(({ href, name, Icon }) => {
            const current = pathname === href || (href !== '/' && pathname.startsWith(`${href}/`));
            return (
              <li key={href} className="max-lg:min-w-[66px] max-lg:flex-1">
                <Link
                  href={range === null ? href : `${href}?range=${range}`}
                  aria-current={current ? 'page' : undefined}
                  className={`flex items-center gap-2.5 rounded-md px-3 py-2 max-lg:relative max-lg:flex-col max-lg:gap-0.5 max-lg:px-0 max-lg:py-1 max-sm:text-[12px] ${current ? 'bg-raised font-medium text-text' : 'text-muted hover:bg-raised hover:text-text'}`}
                >
                  <Icon size={15} aria-hidden />
                  <span>{name}</span>
                  {href === '/' && troubled > 0 ? (
                    <span className="ml-auto min-w-5 rounded-full bg-open px-1.5 text-center text-[11px] leading-5 font-semibold text-card max-lg:absolute max-lg:top-0 max-lg:left-1/2 max-lg:ml-1.5">
                      {troubled}
                      <span className="sr-only"> components are not closed</span>
                    </span>
                  ) : null}
                </Link>
              </li>
            );
          })}
        </ul>
        {pathname === '/lab/tour' ? null : <TourNote />}
      </div>
    </nav>
  );
}
