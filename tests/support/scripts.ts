/**
 * Scripts for upstreams that answer as OpenAI's API and as Ollama's native API do, by what the last message asks:
 * "say it", "think", "use the tool" or "break" (an error in the middle of the answer).
 */
import type { ServerResponse } from 'node:http';
import { json, type Script, type SeenRequest } from './scripted-upstream.ts';

const PIECES = ['Grüße', ', a switch', ' opens. 🔌'];
const WHOLE = PIECES.join('');
const USAGE = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };
const MODELS = ['m:latest', 'e:latest'];
const OUT_OF_MEMORY = 'the model ran out of memory';

function wish(request: SeenRequest): string {
  const body = request.json ?? {};
  const messages = Array.isArray(body.messages)
    ? (body.messages as { content?: unknown; role?: string }[])
    : [];
  const last = messages.at(-1);
  const content = last?.content ?? body.prompt ?? '';
  return typeof content === 'string' ? content : JSON.stringify(content);
}

/** Cut into three-byte writes, so that every boundary of the format falls between two chunks. */
function drip(res: ServerResponse, text: string): void {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += 3) res.write(bytes.subarray(i, i + 3));
  res.end();
}

const vectorOf = (text: unknown) => [String(text).length, 0.5, -0.25];

export const openaiScript: Script = (request, res) => {
  const body = request.json ?? {};
  const { path } = request;
  if (path === '/v1/models') {
    return json(res, {
      object: 'list',
      data: MODELS.map((id) => ({ id, object: 'model', created: 1, owned_by: 'x' })),
    });
  }
  if (body.model === 'missing') {
    return json(
      res,
      {
        error: {
          message: 'The model does not exist',
          type: 'invalid_request_error',
          param: null,
          code: 'model_not_found',
        },
      },
      404,
    );
  }
  if (path === '/v1/embeddings') {
    const inputs = Array.isArray(body.input) && typeof body.input[0] !== 'number' ? body.input : [body.input];
    const data = inputs.map((each, index) => ({
      object: 'embedding',
      index,
      embedding:
        body.encoding_format === 'base64'
          ? Buffer.from(new Float32Array(vectorOf(each)).buffer).toString('base64')
          : vectorOf(each),
    }));
    return json(res, {
      object: 'list',
      model: body.model,
      data,
      usage: { prompt_tokens: 2, total_tokens: 2 },
    });
  }
  const chat = path === '/v1/chat/completions';
  if (!chat && path !== '/v1/completions') return json(res, { error: { message: 'unknown path' } }, 404);
  const base = {
    id: 'chatcmpl-7',
    created: 1_700_000_000,
    model: body.model,
    object: chat ? 'chat.completion' : 'text_completion',
  };
  const asked = wish(request);
  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Bern"}' },
  };
  const usesTool = asked === 'use the tool';
  if (body.stream !== true) {
    const message = usesTool
      ? { role: 'assistant', content: null, tool_calls: [call] }
      : { role: 'assistant', content: WHOLE, ...(asked === 'think' ? { reasoning_content: 'hm' } : {}) };
    const finish_reason = usesTool ? 'tool_calls' : 'stop';
    const choice = chat
      ? { index: 0, message, finish_reason }
      : { index: 0, text: WHOLE, finish_reason, logprobs: null };
    return json(res, { ...base, choices: [choice], usage: USAGE });
  }
  const event = (payload: unknown) => `data: ${JSON.stringify(payload)}\r\n\r\n`;
  const frame = (delta: object, finish_reason: string | null = null) =>
    event({
      ...base,
      object: chat ? 'chat.completion.chunk' : 'text_completion',
      choices: [
        chat
          ? { index: 0, delta, finish_reason }
          : { index: 0, text: (delta as { content?: string }).content ?? '', finish_reason },
      ],
    });
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  if (asked === 'break') {
    return drip(
      res,
      frame({ role: 'assistant', content: PIECES[0] }) +
        event({ error: { message: OUT_OF_MEMORY, type: 'server_error', code: 500 } }),
    );
  }
  const parts = usesTool
    ? [
        frame({
          role: 'assistant',
          tool_calls: [{ index: 0, ...call, function: { name: 'get_weather', arguments: '' } }],
        }),
        ...['{"city"', ':"Bern"}'].map((text) =>
          frame({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
        ),
        frame({}, 'tool_calls'),
      ]
    : [...PIECES.map((content) => frame({ role: 'assistant', content })), frame({}, 'stop')];
  const wantsUsage = (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true;
  const usage = wantsUsage ? event({ ...base, choices: [], usage: USAGE }) : '';
  drip(res, `: a comment\r\n\r\n${parts.join('')}${usage}data: [DONE]\r\n\r\n`);
};

export const ollamaScript: Script = (request, res) => {
  const body = request.json ?? {};
  const { path } = request;
  const details = {
    family: 'test',
    format: 'gguf',
    families: ['test'],
    parameter_size: '1B',
    quantization_level: 'Q4',
  };
  const entry = (name: string) => ({
    name,
    model: name,
    modified_at: '2026-01-01T00:00:00Z',
    size: 1,
    digest: 'd',
    details,
  });
  if (path === '/api/tags') return json(res, { models: MODELS.map(entry) });
  if (path === '/api/ps')
    return json(res, {
      models: [{ ...entry('m:latest'), expires_at: '2026-01-01T00:05:00Z', size_vram: 1 }],
    });
  if (path === '/api/version') return json(res, { version: '0.13.1' });
  if (path === '/api/show') return json(res, { details, model_info: {}, capabilities: ['completion'] });
  if (body.model === 'missing') return json(res, { error: "model 'missing' not found" }, 404);
  if (path === '/api/embeddings') return json(res, { embedding: vectorOf(body.prompt) });
  if (path === '/api/embed') {
    const inputs = Array.isArray(body.input) ? body.input : [body.input];
    return json(res, {
      model: body.model,
      embeddings: inputs.map(vectorOf),
      total_duration: 1,
      load_duration: 0,
      prompt_eval_count: 2,
    });
  }
  const chat = path === '/api/chat';
  if (!chat && path !== '/api/generate') return json(res, { error: 'unknown path' }, 404);
  const base = { model: body.model, created_at: '2026-01-01T00:00:00Z' };
  if (Array.isArray(body.messages) && body.messages.length === 0) {
    return json(res, {
      ...base,
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
  }
  const asked = wish(request);
  const counts = {
    total_duration: 9,
    load_duration: 1,
    prompt_eval_count: 7,
    prompt_eval_duration: 1,
    eval_count: 5,
    eval_duration: 1,
  };
  const said = (content: string, more: object = {}) =>
    chat ? { message: { role: 'assistant', content, ...more } } : { response: content, ...more };
  const tool = { tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Bern' } } }] };
  const usesTool = asked === 'use the tool';
  if (body.stream === false) {
    const thinking = asked === 'think' ? { thinking: 'hm' } : {};
    const answer = usesTool ? said('', tool) : said(WHOLE, thinking);
    return json(res, { ...base, ...answer, done: true, done_reason: 'stop', ...counts });
  }
  const line = (payload: object) => `${JSON.stringify({ ...base, ...payload })}\n`;
  res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (asked === 'break') {
    return drip(
      res,
      `${line({ ...said(PIECES[0] ?? ''), done: false })}${JSON.stringify({ error: OUT_OF_MEMORY })}\n`,
    );
  }
  const parts = usesTool
    ? [line({ ...said('', tool), done: false })]
    : PIECES.map((piece) => line({ ...said(piece), done: false }));
  drip(res, parts.join('') + line({ ...said(''), done: true, done_reason: 'stop', ...counts }));
};
