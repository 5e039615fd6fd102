/** The settings as fields of a form: what each does and may be, as the schema says. */
import { settingsOverridesSchema } from '#lib/contracts/breakers.ts';
import { type BreakerSettings, breakerSettingsSchema } from '#lib/contracts/config.ts';

export type SettingName = keyof BreakerSettings;
/** What the fields hold: text, as it is typed. */
export type SettingsDraft = Readonly<Record<SettingName, string>>;

export interface SettingField {
  readonly name: SettingName;
  readonly does: string;
  readonly unit: string;
  /** What it may be: `a whole number from 1 to 100`. */
  readonly allowed: string;
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
  const inner = field.unwrap();
  const common = {
    name,
    does: field.description ?? '',
    unit: UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? '',
  };
  if ('options' in inner)
    return { ...common, allowed: `one of ${inner.options.join(', ')}`, options: inner.options };
  const { minValue, maxValue, isInt } = inner;
  // The shares are above 0: a breaker that opens at none of its calls would never close.
  const from = name.endsWith('_percent') ? `above ${minValue}, up to` : `from ${minValue} to`;
  return { ...common, allowed: `a ${isInt ? 'whole ' : ''}number ${from} ${maxValue}`, options: null };
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
  const wrong = result.error.issues.map(({ path: [name] }) => {
    const field = SETTING_FIELDS.find((each) => each.name === name);
    const to = changes.find((change) => change.name === name)?.to ?? '';
    return [String(name), `“${to}” is not allowed; must be ${field?.allowed ?? 'something else'}`] as const;
  });
  return { ok: false, errors: Object.fromEntries(wrong) };
}
