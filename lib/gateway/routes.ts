/** The data plane's paths. Everything else on the port belongs to the console and the control plane. */
import type { Endpoint, Protocol } from '#lib/protocols/types.ts';

/** Questions about models, answered from all upstreams together. */
export type Catalogue = 'models' | 'model' | 'tags' | 'ps' | 'version' | 'show';

export type Route =
  | { kind: 'model_call'; surface: Protocol; endpoint: Endpoint; methods: readonly string[] }
  | { kind: 'catalogue'; surface: Protocol; catalogue: Catalogue; methods: readonly string[] }
  | { kind: 'management'; surface: 'ollama'; methods: readonly string[] }
  | { kind: 'unknown'; surface: 'openai' };

const POST = ['POST'];
const READ = ['GET', 'HEAD'];

const modelCall = (endpoint: Endpoint, surface: Protocol): Route => ({
  kind: 'model_call',
  surface,
  endpoint,
  methods: POST,
});
const catalogue = (surface: Protocol, name: Catalogue, methods: readonly string[] = READ): Route => ({
  kind: 'catalogue',
  surface,
  catalogue: name,
  methods,
});
const management = (...methods: string[]): Route => ({ kind: 'management', surface: 'ollama', methods });

const ROUTES = new Map<string, Route>([
  ['/v1/chat/completions', modelCall('openai.chat', 'openai')],
  ['/v1/completions', modelCall('openai.completions', 'openai')],
  ['/v1/embeddings', modelCall('openai.embeddings', 'openai')],
  ['/v1/models', catalogue('openai', 'models')],
  ['/api/chat', modelCall('ollama.chat', 'ollama')],
  ['/api/generate', modelCall('ollama.generate', 'ollama')],
  ['/api/embed', modelCall('ollama.embed', 'ollama')],
  ['/api/embeddings', modelCall('ollama.embeddings', 'ollama')],
  ['/api/tags', catalogue('ollama', 'tags')],
  ['/api/ps', catalogue('ollama', 'ps')],
  ['/api/version', catalogue('ollama', 'version')],
  ['/api/show', catalogue('ollama', 'show', POST)],
  ['/api/pull', management('POST')],
  ['/api/push', management('POST')],
  ['/api/create', management('POST')],
  ['/api/copy', management('POST')],
  ['/api/delete', management('DELETE')],
]);

const ONE_MODEL = catalogue('openai', 'model');
const BLOBS = management('HEAD', 'POST');
const UNKNOWN: Route = { kind: 'unknown', surface: 'openai' };

/** The route of a path (without its query), or null when the path is not the data plane's. */
export function routeOf(path: string): Route | null {
  const exact = ROUTES.get(path);
  if (exact !== undefined) return exact;
  if (path.startsWith('/v1/models/')) return ONE_MODEL;
  if (path.startsWith('/api/blobs/')) return BLOBS;
  if (path === '/v1' || path.startsWith('/v1/')) return UNKNOWN;
  return null;
}

/** The path of a request target, without its query. */
export function pathOf(target: string | undefined): string {
  const url = target ?? '/';
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
