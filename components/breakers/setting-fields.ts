/** The settings as fields of a form: what each does and may be, as the schema says. */
import { z } from 'zod';
import { settingsOverridesSchema } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';
import { type Explanation, explain } from '#lib/contracts/explain.ts';

export type SettingName = keyof BreakerSettings;
/** What the fields hold: text, as it is typed. */
export type SettingsDraft = Readonly<Record<SettingName, string>>;

export interface SettingField {
  readonly name: SettingName;
  readonly does: string;
  readonly unit: string;
  readonly min: number | null;
  readonly max: number | null;
  /** Of a choice. */
  readonly options: readonly string[] | null;
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_percent$/, '%'],
  [/_ms$/, 'ms'],
  [/_s$/, 's'],
  [/calls$/, 'calls'],
];

export const SETTING_FIELDS: readonly SettingField[] = (
  Object.keys(breakerSettingsSchema.shape) as SettingName[]
).map((name) => {
  const field = breakerSettingsSchema.shape[name];
  const inner: unknown = field.unwrap();
  const isNumber = inner instanceof z.ZodNumber;
  return {
    name,
    does: field.description ?? '',
    unit: UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? '',
    min: isNumber ? inner.minValue : null,
    max: isNumber ? inner.maxValue : null,
    options: inner instanceof z.ZodEnum ? inner.options.map(String) : null,
  };
});

export function draftOf(settings: BreakerSettings): SettingsDraft {
  return Object.fromEntries(
    SETTING_FIELDS.map(({ name }) => [name, String(settings[name])]),
  ) as SettingsDraft;
}

export type Change = { readonly name: SettingName; readonly from: string; readonly to: string };

export function changesOf(settings: BreakerSettings, draft: SettingsDraft): Change[] {
  return SETTING_FIELDS.map(({ name }) => ({
    name,
    from: String(settings[name]),
    to: draft[name].trim(),
  })).filter(({ from, to }) => from !== to);
}

/** What to send, or what is wrong by field. */
export function patchOf(
  changes: readonly Change[],
): { ok: true; patch: object } | { ok: false; errors: Readonly<Record<string, string>> } {
  const given = Object.fromEntries(
    changes.map(({ name, to }) => {
      const isChoice = SETTING_FIELDS.find((field) => field.name === name)?.options !== null;
      return [name, isChoice || to === '' ? to : Number(to)];
    }),
  );
  const result = settingsOverridesSchema.safeParse(given);
  if (result.success) return { ok: true, patch: result.data };
  const wrong: Explanation[] = explain(result.error, given);
  return { ok: false, errors: Object.fromEntries(wrong.map(({ field, message }) => [field, message])) };
}
