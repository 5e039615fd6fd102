import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { DATA_ENDPOINTS } from '#lib/contracts/data-plane.ts';
import { ENDPOINTS } from '#lib/contracts/endpoints.ts';
import { document } from '#lib/control/openapi.ts';
import { routeOf } from '#lib/gateway/routes.ts';

const ROOT = join(import.meta.dirname, '../../..');
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Served beside Next. */
const STREAMS = ['GET /api/stream', 'GET /api/events/stream'];

type Handler = (request: Request, context: { params: Promise<object> }) => Promise<Response>;

/** `GET /api/breakers/{name}` for each method that a file under app/ has a verb for. */
async function served(file: string): Promise<string[]> {
  const path = `/${dirname(file).replace(/^app\//, '')}`.replace(/\[(\w+)\]/g, '{$1}');
  const handlers: Record<string, Handler> = await import(join(ROOT, file));
  const found: string[] = [];
  for (const method of METHODS) {
    const answer = await handlers[method]?.(new Request(`http://x${path}`, { method }), {
      params: Promise.resolve({}),
    });
    // Without a runtime a verb answers 503.
    if (answer !== undefined && answer.status !== 405) found.push(`${method} ${path}`);
  }
  return found;
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document()));
    expect(errors ?? []).toEqual([]);
    expect([valid, validator.version]).toEqual([true, '3.1']);
  });

  it('has every route of the control plane with every method, and no other', async () => {
    const files = globSync('app/**/route.ts', { cwd: ROOT }).filter((file) => !file.includes('[[...'));
    const routes = (await Promise.all(files.map(served))).flat();
    const documented = ENDPOINTS.map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual([...routes, ...STREAMS].toSorted());
  });

  it('has only paths of the data plane that the gateway serves', () => {
    for (const { path, method, surface, isCall } of DATA_ENDPOINTS) {
      const route = routeOf(path.replace('{id}', 'some-model'));
      expect(route, path).toMatchObject({ surface, kind: isCall ? 'model_call' : 'catalogue' });
      expect(route !== null && 'methods' in route && route.methods, path).toContain(method);
    }
  });

  it('names each operation once', () => {
    const ids = [...ENDPOINTS, ...DATA_ENDPOINTS].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows no bounds that nobody set', () => {
    const text = JSON.stringify(document());
    expect(text).not.toContain(String(Number.MAX_SAFE_INTEGER));
  });
});
