/**
 * The schema of `switchgear.yaml`: the one source of its types, defaults, JSON Schema and documentation.
 * Each key's `describe` text is what `docs/configuration.md` prints.
 */
import { z } from 'zod';

export const ONE_REDIS = 'must be given, or else cluster or sentinel, and only one of the three';
const redisUrl = z
  .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
  .refine(hasReadableCredentials, 'must have % in its user and password written as %25');
const port = z.int().min(1).max(65_535);
const positiveMs = z.int().min(1).max(86_400_000);
const percent = z.number().gt(0).max(100);

const timeoutSchema = z
  .strictObject({
    connect_ms: positiveMs.default(2_000).describe('TCP and TLS handshake'),
    first_byte_ms: positiveMs
      .default(60_000)
      .describe('From the request being sent to the first byte of the answer'),
    idle_ms: positiveMs.default(30_000).describe('Longest silence between two chunks of an answer'),
    total_ms: positiveMs.default(300_000).describe('The whole call, from being sent to its last byte'),
  })
  .describe('The four budgets of an upstream call, each failing as its own kind');

export const breakerSettingsSchema = z
  .strictObject({
    failure_rate_percent: percent.default(50).describe('Opens at or above this share of failed calls'),
    slow_call_ms: positiveMs.default(30_000).describe('A call that takes so long or longer counts as slow'),
    slow_rate_percent: percent.default(80).describe('Opens at or above this share of slow calls'),
    minimum_calls: z
      .int()
      .min(1)
      .max(10_000)
      .default(10)
      .describe('Calls in the window before a rate counts'),
    window_kind: z
      .enum(['time', 'count'])
      .default('time')
      .describe('Whether the sliding window is of time or of calls'),
    window_s: z.int().min(1).max(600).default(10).describe('Length of the window when it is of time'),
    window_calls: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Length of the window when it is of calls; `minimum_calls` is then at most this'),
    open_s: z.number().min(0.1).max(3_600).default(15).describe('How long it stays open before it probes'),
    half_open_calls: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Probes at a time, and successes needed to close'),
    model_load_ms: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(60_000)
      .describe('A model load that Ollama reports and that takes no longer does not make a call slow'),
  })
  .describe('When the circuit breakers of this upstream open and how they recover');

const batchSchema = (maxSize: number, maxWaitMs: number, maxTokens: number) =>
  z.strictObject({
    max_size: z
      .int()
      .min(1)
      .max(2_048)
      .default(maxSize)
      .describe('Items of a batch made of several requests; 1 never merges'),
    max_wait_ms: z.int().min(0).max(10_000).default(maxWaitMs).describe('Longest wait of the oldest item'),
    max_tokens: z.int().min(1).max(10_000_000).default(maxTokens).describe('Tokens of a batch, as estimated'),
    max_bytes: z.int().min(1_024).max(1_073_741_824).default(4_194_304).describe('Bytes of input of a batch'),
  });

const cacheRule = {
  responses: z
    .enum(['deterministic', 'all', 'off'])
    .describe(
      'Which chats and completions are cached: those with `temperature: 0` or a `seed`, all, or none',
    ),
  embeddings: z.boolean().describe('Whether embeddings are cached'),
  ttl_s: z.int().min(1).max(31_536_000).describe('Freshness of an entry, instead of `cache.ttl_s`'),
};

const price = z.number().min(0).max(1_000_000);

export const upstreamSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must consist of a-z, 0-9 and -')
    .max(64)
    .describe('Unique name; components are called `<name>.<operation>`'),
  kind: z
    .enum(['ollama', 'openai', 'lab'])
    .describe('`ollama` native API, `openai` compatible API, or the embedded `lab`'),
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe(
      'Base address; for `openai` as its SDK takes it, with its /v1. Required unless the kind is `lab`',
    ),
  api_key: z.string().min(1).optional().describe('Sent as a bearer token; never shown or logged'),
  models: z
    .array(z.string().min(1))
    .min(1)
    .default(['*'])
    .describe('Globs of the models it serves; upstreams are tried in file order'),
  connections: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('Most connections, and so most calls in flight'),
  timeout: timeoutSchema.prefault({}),
  breaker: breakerSettingsSchema.prefault({}),
  cache: z
    .strictObject({
      responses: cacheRule.responses.default('deterministic'),
      embeddings: cacheRule.embeddings.default(true),
      ttl_s: cacheRule.ttl_s.optional(),
      models: z
        .record(
          z.string().min(1),
          z.strictObject({
            responses: cacheRule.responses.optional(),
            embeddings: cacheRule.embeddings.optional(),
            ttl_s: cacheRule.ttl_s.optional(),
          }),
        )
        .default({})
        .describe('Other rules for models, by glob; the first that matches counts'),
    })
    .prefault({})
    .describe('What of this upstream is cached'),
  price: z
    .strictObject({
      input_per_mtok: price.describe('For a million prompt tokens'),
      output_per_mtok: price.describe('For a million answer tokens'),
      currency: z.string().min(1).max(8).default('USD').describe('As it is shown'),
    })
    .optional()
    .describe('What its tokens cost, to show what the cache saves; nothing is converted'),
  batching: z
    .strictObject({
      llm: batchSchema(5, 100, 100_000).prefault({}),
      embedding: batchSchema(20, 50, 300_000).prefault({}),
    })
    .prefault({})
    .describe('Request batching'),
});

/** Whether the credentials of an address can be read: a `%` in them begins an escape. */
function hasReadableCredentials(address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return true;
  try {
    return decodeURIComponent(url.username + url.password) !== null;
  } catch {
    return false;
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const configSchema = z
  .strictObject({
    listen: z
      .strictObject({
        host: z
          .string()
          .min(1)
          .default('127.0.0.1')
          .describe('Address to bind; anything but loopback needs `auth.admin_token`'),
        port: port.default(8003).describe('Port of gateway and console'),
      })
      .prefault({}),
    upstreams: z
      .array(upstreamSchema)
      .default([])
      .describe(
        'AI backends in order of preference. Empty: an Ollama at 127.0.0.1:11434 if one answers, else the lab',
      ),
    cache: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Answer repeats from the cache'),
        memory_mb: z.int().min(1).max(1_048_576).default(100).describe('Byte budget of the memory tier'),
        ttl_s: z.int().min(1).default(3_600).describe('Freshness of an entry'),
        stale_if_error_s: z
          .int()
          .min(0)
          .default(86_400)
          .describe('How long past its freshness an entry may stand in for a failing upstream'),
        scope: z
          .enum(['credential', 'shared'])
          .default('credential')
          .describe(
            'Who may be given an answer: callers with the same credential, or all callers. Either way every other header that is not known to be harmless keeps them apart',
          ),
        vary: z
          .array(z.string().regex(/^[a-z0-9-]+$/, 'must be the name of a header, in lower case'))
          .max(20)
          .default([])
          .describe('Request headers that change answers, although they are known to be harmless elsewhere'),
        ignore_headers: z
          .array(z.string().regex(/^[a-z0-9_-]+$/, 'must be the name of a header, in lower case'))
          .max(100)
          .default([])
          .describe(
            'Request headers of your clients or proxies that change no answer and say nothing of who asks, such as an id of each request',
          ),
        shadow_check_percent: z
          .number()
          .min(0)
          .max(100)
          .default(0.5)
          .describe('Share of hits that are also asked of the upstream, to count those that differ'),
      })
      .prefault({}),
    allocation: z
      .strictObject({
        mode: z
          .enum(['shadow', 'advise', 'act'])
          .default('shadow')
          .describe('Whether forecasts only watch, advise, or act'),
        limits: z
          .strictObject({
            connections: z.int().min(1).default(100).describe('Most connections per upstream'),
            workers: z.int().min(1).default(20).describe('Most concurrent calls per upstream and model'),
            cache_mb: z.int().min(1).default(500).describe('Largest memory cache'),
          })
          .prefault({}),
        quantile: z
          .number()
          .min(0.5)
          .max(0.999)
          .default(0.99)
          .describe('Of the forecast demand, what is provided for'),
        cold_start_worth: z
          .number()
          .gt(0)
          .max(100_000)
          .default(60)
          .describe('Idle seconds of a model in memory that one second of loading it is worth'),
        keep_alive_s: z
          .number()
          .gt(0)
          .max(604_800)
          .default(300)
          .describe('How long model servers keep an idle model by themselves, to compare with'),
        step_s: z
          .int()
          .min(1)
          .max(3_600)
          .default(300)
          .describe(
            'Length of a step of the forecast; usage is collected each minute, or each step if shorter',
          ),
        season_s: z
          .int()
          .min(60)
          .max(604_800)
          .default(86_400)
          .describe('After how long demand repeats: a day, unless a demonstration compresses it'),
        timezone: z
          .string()
          .refine(isTimezone, 'must be the name of a time zone, as Europe/Berlin or UTC')
          .default('UTC')
          .describe('Whose days demand follows'),
      })
      .refine(({ step_s, season_s }) => 4 * step_s <= season_s, {
        path: ['step_s'],
        message: 'must be at most a quarter of season_s',
      })
      .prefault({}),
    redis: z
      .strictObject({
        url: redisUrl.optional().describe('Address of a single Redis'),
        cluster: z.array(redisUrl).min(1).max(64).optional().describe('Addresses of nodes of a Cluster'),
        sentinel: z
          .strictObject({
            name: z.string().min(1).describe('Name of the master'),
            urls: z.array(redisUrl).min(1).max(64).describe('Addresses of the Sentinels'),
          })
          .optional()
          .describe('Sentinels that know the master'),
        username: z.string().min(1).optional().describe('For Cluster and Sentinel; in `url` otherwise'),
        password: z.string().min(1).optional().describe('Never shown or logged'),
        key_prefix: z
          .string()
          .regex(/^[A-Za-z0-9:_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, : _ and -')
          .default('switchgear')
          .describe('Before every key'),
        timeout_ms: z
          .int()
          .min(1)
          .max(250)
          .default(250)
          .describe('Longest wait for an answer before the request goes on without'),
      })
      .refine(
        ({ url, cluster, sentinel }) =>
          [url, cluster, sentinel].filter((each) => each !== undefined).length === 1,
        { path: ['url'], error: ONE_REDIS },
      )
      .optional()
      .describe('Second cache tier and shared state; optional'),
    auth: z
      .strictObject({
        admin_token: z
          .string()
          .min(8)
          .optional()
          .describe('Opens the console and the control plane; at least 8 characters'),
        api_keys: z
          .array(z.string().min(8))
          .default([])
          .describe('Keys that clients of the data plane must send, when any are set'),
        allow_anonymous: z
          .boolean()
          .default(false)
          .describe(
            'Says that a data plane which asks for no key is wanted; without it no reload takes the last key away',
          ),
      })
      .prefault({}),
    limits: z
      .strictObject({
        body_mb: z.number().gt(0).max(1_024).default(10).describe('Largest request body'),
        bodies_mb: z
          .number()
          .gt(0)
          .max(1_048_576)
          .optional()
          .describe(
            'Memory for the request bodies of all clients together, beyond which more get 503; at least `body_mb`. By default a tenth of the memory there is, from 64 to 512',
          ),
        queue: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(512)
          .describe('Calls that may wait for a connection, per upstream'),
        queue_wait_ms: z
          .int()
          .min(1)
          .max(3_600_000)
          .default(10_000)
          .describe('Longest wait for a connection'),
        client_stall_s: z
          .number()
          .min(0.1)
          .max(3_600)
          .default(60)
          .describe('A client that takes nothing of its answer for so long is let go'),
        held_mb: z
          .int()
          .min(16)
          .max(1_048_576)
          .default(256)
          .describe(
            'Most that is held of answers for clients that have not taken them, all together; beyond it those go that have taken nothing for longest',
          ),
      })
      .prefault({}),
    lab: z
      .strictObject({
        allow_faults: z
          .boolean()
          .default(false)
          .describe('Let faults be injected in front of real upstreams'),
      })
      .prefault({}),
    allow_model_management: z
      .boolean()
      .default(false)
      .describe("Let Ollama's pull, push, create, copy, delete and blob calls through"),
  })
  .superRefine((config, context) => {
    const seen = new Set<string>();
    config.upstreams.forEach((upstream, index) => {
      if (upstream.kind !== 'lab' && upstream.url === undefined) {
        context.addIssue({
          code: 'custom',
          path: ['upstreams', index, 'url'],
          message: `is required for kind ${upstream.kind}: an http:// or https:// URL`,
        });
      }
      if (seen.has(upstream.name)) {
        context.addIssue({
          code: 'custom',
          path: ['upstreams', index, 'name'],
          message: 'must be unique among upstreams',
          input: upstream.name,
        });
      }
      seen.add(upstream.name);
    });
  });

export type Config = z.output<typeof configSchema>;
export type UpstreamConfig = z.output<typeof upstreamSchema>;
export type BreakerSettings = z.output<typeof breakerSettingsSchema>;
export type CacheConfig = Config['cache'];
export type RedisConfig = NonNullable<Config['redis']>;
export type Timeouts = UpstreamConfig['timeout'];
