/** `GET /api/openapi.json`: OpenAPI 3.1, made from the table of endpoints and their schemas. */
import { z } from 'zod';
import { SESSION_COOKIE } from '#lib/access/session.ts';
import {
  ANSWER_HEADERS,
  CALL_ERRORS,
  DATA_ENDPOINTS,
  type DataEndpoint,
  REQUEST_HEADERS,
  SURFACE_DOCUMENTATION,
} from '#lib/contracts/data-plane.ts';
import {
  type Answer,
  COMMON_ERRORS,
  ENDPOINTS,
  type Endpoint,
  PARAMETERS,
  TAGS,
} from '#lib/contracts/endpoints.ts';
import { ANSWERS, type AnswerName, BODIES, type BodyName } from '#lib/contracts/named.ts';
import { type ErrorCode, HTTP_STATUS } from '#lib/errors.ts';
import packageJson from '../../package.json' with { type: 'json' };

type JsonSchema = Record<string, unknown>;

/** A document is the same for as long as the process lives. */
let cached: Record<string, unknown> | null = null;

export function document(): Record<string, unknown> {
  cached ??= compose();
  return cached;
}

function compose(): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of ENDPOINTS) add(paths, endpoint, operationOf(endpoint));
  for (const endpoint of DATA_ENDPOINTS) add(paths, endpoint, callOf(endpoint));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Switchgear',
      version: packageJson.version,
      description:
        'The control plane of a resilience gateway for AI backends, and in brief its data plane, which OpenAI and Ollama clients speak. Times are ISO 8601 in UTC; durations end in `_ms` or `_s`; rates are 0..1.',
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/' }],
    tags: [
      ...Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      { name: 'OpenAI', externalDocs: { url: SURFACE_DOCUMENTATION.openai } },
      { name: 'Ollama', externalDocs: { url: SURFACE_DOCUMENTATION.ollama } },
    ],
    // The first: on loopback without a token everything is open.
    security: [{}, { token: [] }, { session: [] }],
    paths,
    components: {
      schemas: { ...schemasOf(BODIES, 'input'), ...schemasOf(ANSWERS, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The admin token, where one is configured' },
        session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
        api_key: {
          type: 'http',
          scheme: 'bearer',
          description:
            'One of `auth.api_keys`, where any are set; `x-api-key`, `api-key` and `x-goog-api-key` carry it as well',
        },
      },
    },
  };
}

function add(
  paths: Record<string, Record<string, object>>,
  { path, method }: { path: string; method: string },
  operation: object,
): void {
  paths[path] ??= {};
  paths[path][method.toLowerCase()] = operation;
}

function operationOf({ path, id, tag, summary, query, body, answers, errors, isPublic }: Endpoint): object {
  const codes = [...new Set([...COMMON_ERRORS, ...(errors ?? [])])];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(isPublic === true ? { security: [] } : {}),
    parameters: [...pathParameters(path), ...(query === undefined ? [] : queryParameters(query))],
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    responses: {
      ...errorAnswers(codes, 'Error'),
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)])),
    },
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PARAMETERS[name],
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {}, required = [] } = schemaOf(query);
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

/** An empty body is `{}`, so one is needed only where the schema asks for something. */
function bodyOf(name: BodyName): object {
  const { required = [] } = schemaOf(BODIES[name]);
  return { required: required.length > 0, content: { 'application/json': { schema: refTo(name) } } };
}

function answerOf(answer: Answer): object {
  if ('json' in answer) {
    return { description: answer.what, content: { 'application/json': { schema: refTo(answer.json) } } };
  }
  if ('text' in answer) {
    const type = answer.text === 'application/json' ? 'object' : 'string';
    return { description: answer.what, content: { [answer.text]: { schema: { type } } } };
  }
  const data = `Server-sent events; the data of each is one ${answer.events} as JSON`;
  return {
    description: answer.what,
    content: {
      'text/event-stream': {
        schema: { type: 'string', description: data, contentSchema: refTo(answer.events) },
      },
    },
  };
}

/** One answer for each status, naming the codes that come with it. */
function errorAnswers(codes: readonly ErrorCode[], schema: AnswerName): Record<string, object> {
  const byStatus = Map.groupBy(codes, (code) => HTTP_STATUS[code]);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      String(status),
      { description: of.join(', '), content: { 'application/json': { schema: refTo(schema) } } },
    ]),
  );
}

function callOf({ path, method, id, surface, summary, isCall }: DataEndpoint): object {
  const described = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([name, description]) => ({
      name,
      description,
      schema: { type: 'string' },
    }));
  const headers = described(isCall ? ANSWER_HEADERS : { 'x-request-id': ANSWER_HEADERS['x-request-id'] });
  const stream = surface === 'openai' ? 'text/event-stream' : 'application/x-ndjson';
  const anything = { schema: { type: 'object' } };
  return {
    operationId: id,
    tags: [surface === 'openai' ? 'OpenAI' : 'Ollama'],
    summary,
    externalDocs: { url: SURFACE_DOCUMENTATION[surface] },
    security: [{}, { api_key: [] }],
    parameters: [
      ...pathParameters(path),
      ...described(REQUEST_HEADERS).map((header) => ({ ...header, in: 'header', required: false })),
    ],
    ...(method === 'POST'
      ? { requestBody: { required: true, content: { 'application/json': anything } } }
      : {}),
    responses: {
      200: {
        description: 'As its own documentation says',
        headers: Object.fromEntries(headers.map(({ name, ...header }) => [name, header])),
        content: {
          'application/json': anything,
          ...(isCall && !/embed/.test(path) ? { [stream]: { schema: { type: 'string' } } } : {}),
        },
      },
      ...errorAnswers(CALL_ERRORS, surface === 'openai' ? 'OpenAIError' : 'OllamaError'),
    },
  };
}

const refTo = (name: AnswerName | BodyName) => ({ $ref: `#/components/schemas/${name}` });

function schemaOf(schema: z.ZodType): { properties?: Record<string, JsonSchema>; required?: string[] } {
  return plain(z.toJSONSchema(schema, { io: 'input' }));
}

/** As components that refer to each other. */
function schemasOf(named: Record<string, z.ZodType>, io: 'input' | 'output'): Record<string, unknown> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _, $schema: __, ...schema }]) => [
      name,
      io === 'input' ? plain(schema) : open(plain(schema)),
    ]),
  );
}

/** Without what says nothing to a reader: the bounds of a safe integer, and the pattern of what has a format. */
function plain(schema: JsonSchema): JsonSchema {
  return walk(schema, (node) => {
    if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
    if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
    if (typeof node.format === 'string') delete node.pattern;
  });
}

/** Answers may gain fields; whoever reads them must not mind. */
function open(schema: JsonSchema): JsonSchema {
  return walk(schema, (node) => {
    if (node.additionalProperties === false) delete node.additionalProperties;
  });
}

function walk<T>(value: T, visit: (node: JsonSchema) => void): T {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (typeof value === 'object' && value !== null) {
    visit(value as JsonSchema);
    for (const each of Object.values(value)) walk(each, visit);
  }
  return value;
}
