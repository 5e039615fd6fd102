/**
 * Bodies of a hostile shape, in every field of every call: deep, wide, long, or with values at the edge of JSON. Each is
 * answered, never by an error of our own, and none is taken for another's.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { post, startGateway, type TestGateway } from '../support/gateway.ts';
import { ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ollamaScript, openaiScript } from '../support/scripts.ts';

let openai: ScriptedUpstream;
let ollama: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  openai = await ScriptedUpstream.start(openaiScript);
  ollama = await ScriptedUpstream.start(ollamaScript);
  gateway = await startGateway({
    upstreams: [
      { name: 'o', kind: 'openai', url: `${openai.url}/v1`, models: ['gpt*'] },
      { name: 'l', kind: 'ollama', url: ollama.url, models: ['llama*'] },
    ],
  });
});

afterAll(async () => {
  await gateway.close();
  await openai.close();
  await ollama.close();
});

const deepArray = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const deepObject = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const deepMixed = (depth: number) => `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`;
const list = (count: number, item: string) => `[${Array.from({ length: count }, () => item).join()}]`;

/** JSON texts. */
const DEEP: Record<string, string> = {
  'a deep array': deepArray(3_000),
  'a very deep array': deepArray(400_000),
  'a deep object': deepObject(6_000),
  'a deep mixture': deepMixed(3_000),
};
const ODD: Record<string, string> = {
  'an object of 100,000 keys': `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":${at}`).join()}}`,
  'a million numbers': list(1_000_000, '1'),
  '100,000 strings': list(100_000, '""'),
  '100,000 empty arrays': list(100_000, '[]'),
  '100,000 empty objects': list(100_000, '{}'),
  'a million nulls': list(1_000_000, 'null'),
  'a key twice': '{"a":1,"a":{"a":2}}',
  'a __proto__': '{"__proto__":{"content":"x","role":"user","type":"text"}}',
  'a constructor': '{"constructor":{"prototype":{"x":1}},"toString":1,"hasOwnProperty":null}',
  'lone surrogates': '"\\ud800 \\udfff\\u0000"',
  'a number beyond doubles': '1e400',
  'a number below doubles': '-1e-400',
  'a number of 10,000 digits': '9'.repeat(10_000),
  'a string of 4 MB': `"${'x'.repeat(4_000_000)}"`,
  'brackets within a string': `"${'['.repeat(100_000)}"`,
  'deep JSON within a string': JSON.stringify(deepArray(100_000)),
  'escapes at the end of strings': `["\\\\","\\"","\\\\\\"[","${'[\\\\'.repeat(1_000)}"]`,
  'deep JSON as arguments of a tool': `[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":${JSON.stringify(deepObject(5_000))}}}]}]`,
};

const CALLS: Record<string, { base: Record<string, unknown>; fields: string[] }> = {
  '/v1/chat/completions': {
    base: { messages: [{ role: 'user', content: 'say it' }], temperature: 0 },
    fields: ['messages', 'tools', 'tool_choice', 'response_format', 'metadata', 'stop', 'x'],
  },
  '/v1/completions': {
    base: { prompt: 'say it', temperature: 0 },
    fields: ['prompt', 'stop', 'suffix', 'x'],
  },
  '/v1/embeddings': { base: { input: 'a' }, fields: ['input', 'x'] },
  '/api/chat': {
    base: { messages: [{ role: 'user', content: 'say it' }], options: { temperature: 0 }, stream: false },
    fields: ['messages', 'tools', 'format', 'options', 'keep_alive'],
  },
  '/api/generate': {
    base: { prompt: 'say it', options: { temperature: 0 }, stream: false },
    fields: ['prompt', 'context', 'images', 'format', 'options'],
  },
  '/api/embed': { base: { input: 'a' }, fields: ['input', 'options'] },
  '/api/embeddings': { base: { prompt: 'a' }, fields: ['prompt', 'options'] },
  '/api/show': { base: {}, fields: ['name', 'options'] },
};
const MODELS = ['gpt-1', 'llama'];

function bodyOf(base: Record<string, unknown>, model: string, field: string, value: string): string {
  const rest = Object.entries({ ...base, model }).filter(([name]) => name !== field);
  return `{${[...rest.map(([name, each]) => `"${name}":${JSON.stringify(each)}`), `"${field}":${value}`].join()}}`;
}

describe('an answer that is nested too deep', () => {
  const answers: [string, string][] = [
    ['whole', deepObject(5_000)],
    [
      'in a field',
      `{"choices":[{"index":0,"message":{"role":"assistant","content":"x","x":${deepArray(5_000)}}}]}`,
    ],
    ['in an event', `data: {"choices":[{"index":0,"delta":{"content":"x","x":${deepArray(5_000)}}}]}\n\n`],
  ];
  it.each(answers)('%s is the fault of its upstream', async (_, text) => {
    openai.script = (_seen, res) => {
      const type = text.startsWith('data') ? 'text/event-stream' : 'application/json';
      res.writeHead(200, { 'content-type': type }).end(text);
    };
    const stream = text.startsWith('data');
    const messages = [{ role: 'user', content: 'x' }];
    const answer = await post(`${gateway.url}/v1/chat/completions`, { model: 'gpt-1', messages, stream });
    openai.script = openaiScript;
    expect(answer.status).toBe(502);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('upstream_invalid');
    expect(error.message).toContain('at most 256 are allowed');
  });

  it('and tells of an error is told by its status alone', async () => {
    openai.script = (_seen, res) => {
      res.writeHead(400, { 'content-type': 'application/json' }).end(deepObject(5_000));
    };
    const messages = [{ role: 'user', content: 'x' }];
    const answer = await post(`${gateway.url}/v1/chat/completions`, { model: 'gpt-1', messages });
    openai.script = openaiScript;
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(error.message.length).toBeLessThan(3_000);
  });
});

describe('a body of a hostile shape', () => {
  for (const [path, { base, fields }] of Object.entries(CALLS)) {
    it(`is answered on ${path}, and never with an error of ours`, async () => {
      for (const [name, value] of Object.entries({ ...DEEP, ...ODD })) {
        for (const [at, field] of fields.entries()) {
          // Models of both kinds of upstream take turns.
          const model = MODELS[at % MODELS.length] ?? '';
          const answer = await post(`${gateway.url}${path}`, bodyOf(base, model, field, value));
          const told = { name, field, model, status: answer.status, text: await answer.text() };
          expect(told.status, JSON.stringify(told).slice(0, 400)).toBeLessThan(500);
          if (!(name in DEEP)) continue;
          expect(told).toMatchObject({ status: 400 });
          expect(told.text).toMatch(/nested \d+ levels deep; at most 256 are allowed/);
        }
      }
    }, 60_000);
  }
});
