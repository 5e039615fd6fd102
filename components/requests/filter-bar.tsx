'use client';

import { ListFilter, X } from 'lucide-react';
import { type ComponentProps, useEffect, useState } from 'react';
import { FILTERS, isNarrowed } from '#components/requests/filters.ts';
import { HOW } from '#components/requests/how.ts';
import type { FilterState } from '#components/requests/use-filters.ts';
import { Button } from '#components/ui/button.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { answerKinds } from '#lib/contracts/requests.ts';

const OPERATIONS = ['chat', 'completions', 'embeddings'];
/** A text filters when its writer stops for so long. */
const TYPING_MS = 300;

export function FilterBar({
  state: { filters, set, clear },
  upstreams,
  models,
}: {
  state: FilterState;
  upstreams: readonly string[];
  models: readonly string[];
}) {
  const [unfolded, setUnfolded] = useState(false);
  const count = FILTERS.filter((name) => filters[name] !== undefined).length;
  return (
    <search className="border-t px-4 py-3">
      <Button aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)} className="sm:hidden">
        <ListFilter size={14} aria-hidden />
        {count === 0 ? 'Filters' : `Filters, ${count} set`}
      </Button>
      <div
        className={`flex flex-wrap items-end gap-x-3 gap-y-2 max-sm:grid-cols-2 ${unfolded ? 'max-sm:mt-3 max-sm:grid' : 'max-sm:hidden'}`}
      >
        <Field label="Upstream">
          <Select
            value={filters.upstream ?? ''}
            onChange={({ target }) => set('upstream', target.value)}
            choices={choicesOf('any', upstreams, filters.upstream)}
            className="sm:w-32"
          />
        </Field>
        <Field label="Operation">
          <Select
            value={filters.operation ?? ''}
            onChange={({ target }) => set('operation', target.value)}
            choices={choicesOf('any', OPERATIONS, filters.operation)}
            className="sm:w-32"
          />
        </Field>
        <Field label="Model">
          <Select
            value={filters.model ?? ''}
            onChange={({ target }) => set('model', target.value)}
            choices={choicesOf('any', models, filters.model)}
            className="sm:w-36"
          />
        </Field>
        <Field label="How">
          <Select
            value={filters.how ?? ''}
            onChange={({ target }) => set('how', target.value)}
            choices={[
              ['', 'any'],
              ...answerKinds.map((kind) => [kind, HOW[kind].label] as const),
              ...(filters.how === undefined || Object.hasOwn(HOW, filters.how)
                ? []
                : [[filters.how, filters.how] as const]),
            ]}
            className="sm:w-28"
          />
        </Field>
        <Field label="At least, ms">
          <TypedInput
            type="number"
            min={0}
            inputMode="numeric"
            value={filters.min_ms ?? ''}
            onValue={(value) => set('min_ms', value)}
            className="sm:w-24"
          />
        </Field>
        <Field label="Request id contains">
          <TypedInput
            type="search"
            maxLength={128}
            spellCheck={false}
            value={filters.id ?? ''}
            onValue={(value) => set('id', value.trim())}
            className="sm:w-44 font-mono"
          />
        </Field>
        <Button
          aria-pressed={filters.trouble === 'true'}
          kind={filters.trouble === 'true' ? 'primary' : 'plain'}
          onClick={() => set('trouble', filters.trouble === 'true' ? null : 'true')}
          className="h-9! justify-center"
        >
          Trouble only
        </Button>
        {isNarrowed(filters) ? (
          <Button onClick={clear} className="h-9! justify-center">
            <X size={14} aria-hidden />
            Clear
          </Button>
        ) : null}
      </div>
    </search>
  );
}

/** What the address asks for is offered even where nothing of it has come yet. */
function choicesOf(none: string, values: readonly string[], chosen: string | undefined): Choice[] {
  const all = chosen === undefined || values.includes(chosen) ? values : [...values, chosen];
  return [['', none], ...all.map((value) => [value, value] as const)];
}

function TypedInput({
  value,
  onValue,
  ...rest
}: Omit<ComponentProps<typeof Input>, 'value' | 'onChange'> & {
  value: string;
  onValue: (value: string) => void;
}) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => onValue(draft), TYPING_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return <Input value={draft} onChange={({ target }) => setDraft(target.value)} {...rest} />;
}
