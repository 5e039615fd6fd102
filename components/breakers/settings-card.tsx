'use client';

import { useState } from 'react';
import { apiOf } from '#components/breakers/paths.ts';
import {
  changesOf,
  draftOf,
  patchOf,
  SETTING_FIELDS,
  type SettingField,
  type SettingsDraft,
} from '#components/breakers/setting-fields.ts';
import { WhatIfResult } from '#components/breakers/what-if-result.tsx';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { ConfirmDialog } from '#components/ui/confirm-dialog.tsx';
import { Field, Input, Select } from '#components/ui/field.tsx';
import { ReasonField, reasonIn } from '#components/ui/reason-field.tsx';
import { useAction } from '#components/ui/use-action.ts';
import { type WhatIf, whatIfSchema } from '#lib/contracts/breakers.ts';
import type { Component } from '#lib/contracts/snapshot.ts';

/** Every setting, what other ones would have made of the last hour, and the change itself. */
export function SettingsCard({ component }: { component: Component }) {
  const { name, settings, overrides } = component;
  // Null follows the breaker: a draft must not be overwritten by somebody else's change.
  const [edited, setEdited] = useState<SettingsDraft | null>(null);
  const [whatIf, setWhatIf] = useState<WhatIf | null>(null);
  const replay = useAction();
  const draft = edited ?? draftOf(settings);
  const changes = changesOf(settings, draft);
  const checked = patchOf(changes);
  const errors = checked.ok ? {} : checked.errors;
  const patch = checked.ok ? checked.patch : {};
  const changed = Object.keys(overrides);
  const change = (field: string, value: string) => {
    setEdited({ ...draft, [field]: value });
    setWhatIf(null);
  };
  const ask = () =>
    replay.run(async () => {
      const answer = whatIfSchema.parse(await send('POST', apiOf(name, 'what-if'), patch));
      setWhatIf(answer);
      return `The draft would have opened ${name} ${answer.draft.trip_count} times.`;
    });
  const apply = async (form: FormData) => {
    await send('PATCH', apiOf(name, 'settings'), { ...patch, ...reasonIn(form) });
    setEdited(null);
    return `The settings of ${name} were changed.`;
  };
  const restore = async (form: FormData) => {
    await send('DELETE', apiOf(name, 'settings'), reasonIn(form));
    setEdited(null);
    setWhatIf(null);
    return `The settings of ${name} are as configured.`;
  };
  return (
    <Card
      title="Settings"
      note={changed.length === 0 ? 'as configured' : `changed here: ${changed.join(', ')}`}
    >
      <div className="grid grid-cols-1 gap-x-4 gap-y-3 px-4 sm:grid-cols-2">
        {SETTING_FIELDS.map((field) => (
          <Setting
            key={field.name}
            field={field}
            value={draft[field.name]}
            error={errors[field.name]}
            onChange={(value) => change(field.name, value)}
          />
        ))}
      </div>
      <div className="flex flex-wrap items-center gap-2 px-4 py-3">
        <Button onClick={ask} disabled={replay.pending || !checked.ok}>
          {replay.pending ? 'Replaying…' : 'What if?'}
        </Button>
        <ConfirmDialog
          trigger={
            <Button kind="primary" disabled={!checked.ok || changes.length === 0}>
              Apply…
            </Button>
          }
          title={
            <>
              Change the settings of <span className="font-mono">{name}</span>?
            </>
          }
          effect={
            <>
              {changes.map(({ name: setting, from, to }) => (
                <span key={setting} className="block font-mono">
                  {setting}: {from} → {to}
                </span>
              ))}
              State and window are kept, and the change stays until it is taken back, over restarts too.
            </>
          }
          verb="Apply"
          kind="primary"
          act={apply}
        >
          <ReasonField />
        </ConfirmDialog>
        {edited === null || changes.length === 0 ? null : (
          <Button onClick={() => setEdited(null)}>Discard</Button>
        )}
        {changed.length === 0 ? null : (
          <ConfirmDialog
            trigger={<Button>Back to configured…</Button>}
            title={
              <>
                Take back the changes to <span className="font-mono">{name}</span>?
              </>
            }
            effect={`Its settings are as the configuration says again: ${changed.join(', ')}. State and window are kept.`}
            verb="Take back"
            kind="primary"
            act={restore}
          >
            <ReasonField />
          </ConfirmDialog>
        )}
        <span className="text-faint">
          {changes.length === 0
            ? 'What if? without a change replays the present settings'
            : changes.map(({ name: setting, from, to }) => `${setting} ${from} → ${to}`).join(', ')}
        </span>
      </div>
      <ActionError error={replay.error} className="px-4 pb-3" />
      {whatIf === null ? null : <WhatIfResult result={whatIf} />}
    </Card>
  );
}

function Setting({
  field: { name, does, unit, allowed, options },
  value,
  error,
  onChange,
}: {
  field: SettingField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}) {
  return (
    <Field
      label={
        <>
          <span className="font-mono text-text">{name}</span>
          {unit === '' ? '' : `, ${unit}`}
        </>
      }
      error={error}
    >
      {options === null ? (
        <Input
          inputMode="decimal"
          value={value}
          aria-invalid={error !== undefined}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <Select
          value={value}
          choices={options.map((option) => [option, option])}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
      <span className="text-[12px] leading-4 text-faint">
        {does.replaceAll('`', '')}
        {options === null ? ` (${allowed})` : ''}
      </span>
    </Field>
  );
}
