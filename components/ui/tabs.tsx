'use client';

import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

export interface Tab {
  readonly key: string;
  readonly label: string;
  readonly content: ReactNode;
}

/** One of several views; arrow keys move between their names. */
export function Tabs({
  label,
  tabs,
  value,
  onChange,
  aside,
}: {
  /** What the tabs are, for those who do not see them. */
  label: string;
  tabs: readonly Tab[];
  value: string;
  onChange: (key: string) => void;
  /** Stands at the end of the line of names. */
  aside?: ReactNode;
}) {
  return (
    <Radix.Root value={value} onValueChange={onChange}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 pb-2">
        <Radix.List aria-label={label} className="flex gap-1">
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.key}
              value={tab.key}
              className="h-8 rounded-md px-2.5 text-muted hover:text-text data-[state=active]:bg-raised data-[state=active]:font-medium data-[state=active]:text-text"
            >
              {tab.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {aside === undefined ? null : <div className="ml-auto flex items-center gap-3">{aside}</div>}
      </div>
      {tabs.map((tab) => (
        <Radix.Content key={tab.key} value={tab.key}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
