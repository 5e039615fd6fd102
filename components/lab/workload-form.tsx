'use client';

import { type FormEvent, useState } from 'react';
import useSWR from 'swr';
import { z } from 'zod';
import { SHAPES, type Shape, type WorkloadDraft, workloadRequestOf } from '#components/lab/workload-words.ts';
import { useLive } from '#components/live/live-context.ts';
import { ActionError } from '#components/ui/action-error.tsx';
import { send } from '#components/ui/api.ts';
import { Button } from '#components/ui/button.tsx';
import { type Choice, Field, Input, Select } from '#components/ui/field.tsx';
import { useAction } from '#components/ui/use-action.ts';

const SHAPE_CHOICES: readonly Choice[] = Object.entries(SHAPES).map(([shape, { name }]) => [shape, name]);
const DURATIONS: readonly Choice[] = [
  ['', 'until it is stopped'],
  ['60', '1 minute'],
  ['300', '5 minutes'],
  ['1800', '30 minutes'],
];
/** The server takes no longer ones. */
const MAX_CSV_CHARS = 4_000_000;
const CSV_FIELD = 'csv: ';

/** As OpenAI's list of models, of which only the names are needed. */
const modelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Names to propose. The data plane may ask for a key that a page does not have: then there are none. */
async function loadModels(path: string): Promise<string[]> {
  const response = await fetch(path);
  return response.ok ? modelsSchema.parse(await response.json()).data.map(({ id }) => id) : [];
}

/** What to send, at which rate, for how long. */
export function WorkloadForm() {
  const { upstreams } = useLive().snapshot;
  const onlyLabs = upstreams.every(({ lab }) => lab);
  const { data: models = [] } = useSWR('/v1/models', loadModels, { revalidateOnFocus: false });
  const [draft, setDraft] = useState<WorkloadDraft>({
    shape: 'day',
    ratePerS: 10,
    dayS: 300,
    seed: 1,
    durationS: '',
    chatModel: onlyLabs ? 'lab-small' : '',
    embeddingModel: onlyLabs ? 'lab-embed' : '',
    speed: 60,
    deterministicPercent: 80,
    csv: null,
  });
  const { pending, error, run } = useAction();
  const [csvError, setCsvError] = useState<string>();
  const change = (part: Partial<WorkloadDraft>) => setDraft((before) => ({ ...before, ...part }));
  const chatModel = draft.chatModel || (models[0] ?? '');
  const embeddingModel = draft.embeddingModel || (models.find((id) => /embed/.test(id)) ?? chatModel);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      try {
        await send('POST', '/api/lab/workload', workloadRequestOf({ ...draft, chatModel, embeddingModel }));
      } catch (thrown) {
        // The server begins with the name of the field.
        if (!(thrown instanceof Error) || !thrown.message.startsWith(CSV_FIELD)) throw thrown;
        setCsvError(thrown.message.slice(CSV_FIELD.length));
        return null;
      }
      return 'The workload was started.';
    });
  };
  const readCsv = async (file: File | undefined) => {
    setCsvError(undefined);
    change({ csv: null });
    if (file === undefined) return;
    const text = file.size > MAX_CSV_CHARS ? null : await file.text();
    if (text === null)
      setCsvError(`${file.name} is too large: at most ${MAX_CSV_CHARS / 1_000_000} MB are allowed`);
    else if (!/(^|,)\s*"?timestamp"?\s*(,|\r?$)/im.test(text.split('\n', 1)[0] ?? '')) {
      setCsvError(`${file.name} has no column timestamp in its first line`);
    } else change({ csv: text });
  };
  const isCsv = draft.shape === 'csv';
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 border-t px-4 pt-3 pb-4">
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
        <Field label="Shape">
          <Select
            value={draft.shape}
            // The choices are those of the contract.
            onChange={(event) => change({ shape: event.target.value as Shape })}
            choices={SHAPE_CHOICES}
          />
        </Field>
        {isCsv ? (
          <Field label="Times as fast">
            <Numeric
              value={draft.speed}
              min={0.01}
              max={100_000}
              step="any"
              onChange={(speed) => change({ speed })}
            />
          </Field>
        ) : (
          <Field label="Mean rate, per s">
            <Numeric
              value={draft.ratePerS}
              min={0.1}
              max={500}
              step="any"
              onChange={(ratePerS) => change({ ratePerS })}
            />
          </Field>
        )}
        {draft.shape === 'day' ? (
          <Field label="A day takes, s">
            <Numeric
              value={draft.dayS}
              min={10}
              max={86_400}
              step="1"
              onChange={(dayS) => change({ dayS })}
            />
          </Field>
        ) : null}
        <Field label="For how long">
          <Select
            value={draft.durationS}
            onChange={(event) => change({ durationS: event.target.value })}
            choices={DURATIONS}
          />
        </Field>
        <Field label="Seed">
          <Numeric
            value={draft.seed}
            min={0}
            max={4_294_967_295}
            step="1"
            onChange={(seed) => change({ seed })}
          />
        </Field>
        <Field label="Chats to cache, %">
          <Numeric
            value={draft.deterministicPercent}
            min={0}
            max={100}
            step="any"
            onChange={(deterministicPercent) => change({ deterministicPercent })}
          />
        </Field>
        <ModelField
          label="Chat model"
          value={chatModel}
          models={models}
          onChange={(model) => change({ chatModel: model })}
        />
        <ModelField
          label="Embedding model"
          value={embeddingModel}
          models={models}
          onChange={(model) => change({ embeddingModel: model })}
        />
      </div>
      {isCsv ? (
        <Field label="Recording (CSV)" error={csvError}>
          <Input
            type="file"
            aria-invalid={csvError !== undefined}
            accept=".csv,text/csv"
            required
            onChange={(event) => void readCsv(event.target.files?.[0])}
            className="py-1.5"
          />
        </Field>
      ) : null}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 flex-1 basis-52 text-muted">{SHAPES[draft.shape].text}</p>
        <Button type="submit" kind="primary" disabled={pending || (isCsv && draft.csv === null)}>
          {pending ? 'Starting…' : 'Start workload'}
        </Button>
      </div>
      <ActionError error={error} />
    </form>
  );
}

function Numeric({
  value,
  onChange,
  ...rest
}: {
  value: number;
  min: number;
  max: number;
  step: string;
  onChange: (value: number) => void;
}) {
  return (
    <Input
      type="number"
      required
      value={Number.isFinite(value) ? value : ''}
      onChange={(event) => onChange(event.target.valueAsNumber)}
      {...rest}
    />
  );
}

/** A name to type, with those that upstreams have told of. */
function ModelField({
  label,
  value,
  models,
  onChange,
}: {
  label: string;
  value: string;
  models: readonly string[];
  onChange: (model: string) => void;
}) {
  const id = `models-${label.replaceAll(' ', '-').toLowerCase()}`;
  return (
    <Field label={label}>
      <Input
        value={value}
        list={id}
        required
        maxLength={256}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={id}>
        {models.map((model) => (
          <option key={model} value={model} />
        ))}
      </datalist>
    </Field>
  );
}
