// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${NAME}` is the configuration's own notation
/** A `switchgear.yaml` in which everything that guards access stands, in several orders, and what is known of it. */

export const TOKEN = 'correct-horse-battery-staple';
export const KEYS = ['first-client-key-0123', 'second-client-key-4567'] as const;
export const ENV = { CLIENT_KEY: KEYS[1] };

export interface Addresses {
  listen: string;
  ollama: string;
  openai: string;
  redis: string;
}

const SECTIONS = ({ listen, ollama, openai, redis }: Addresses) => ({
  listen: `listen: ${listen}`,
  upstreams: `upstreams:
  - name: local
    kind: ollama
    url: ${ollama}
    connections: 16
  - name: stand-in
    kind: lab
    models: ["lab-*"]
  - name: hosted
    kind: openai
    url: ${openai}
    api_key: upstream-key-0123456789
    models: ["gpt-*"]`,
  redis: `redis:
  url: ${redis}
  key_prefix: team-a
  timeout_ms: 200`,
  auth: `auth:
  admin_token: ${TOKEN}
  api_keys:
    - ${KEYS[0]}
    - \${CLIENT_KEY}`,
  rest: `cache:
  memory_mb: 50
  vary: [x-tenant]
limits: { body_mb: 20, queue: 100 }
lab: { allow_faults: true }
allow_model_management: true`,
});

export type Section = keyof ReturnType<typeof SECTIONS>;

/** The file with its sections in that order; without its token, one from the environment is in force. */
export function completeConfig(addresses: Addresses, order: readonly Section[], hasToken = true): string {
  const sections = SECTIONS(addresses);
  const text = `# The gateway of a team: grüße.\n${order.map((name) => sections[name]).join('\n')}\n`;
  return hasToken ? text : text.replace(/^ {2}admin_token: .*\n/m, '');
}

/** What is left of it when only that many of its bytes are written. */
export function beginnings(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
}
