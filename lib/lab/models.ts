/** The models of the lab. None is a neural network; the figures decide how long it loads and how fast it answers. */

export type Capability = 'completion' | 'tools' | 'thinking' | 'embedding';

export interface LabModel {
  readonly name: string;
  readonly sizeBytes: number;
  readonly parameterSize: string;
  readonly loadSeconds: number;
  readonly promptTokensPerSecond: number;
  readonly tokensPerSecond: number;
  /** What a call costs besides its tokens: what an embedding server does once, however many texts it is given. */
  readonly callSeconds: number;
  readonly contextLength: number;
  readonly capabilities: readonly Capability[];
  readonly digest: string;
}

export const LAB_VERSION = '0.1.0-lab';
/** When the catalogue was last changed. */
export const CATALOGUE_DATE = '2026-01-01T00:00:00Z';
export const QUANTIZATION = 'none';

const GIB = 1024 ** 3;

export const LAB_MODELS: readonly LabModel[] = [
  {
    name: 'lab-chat:latest',
    sizeBytes: 4 * GIB,
    parameterSize: '8B (simulated)',
    loadSeconds: 0.8,
    promptTokensPerSecond: 4_000,
    tokensPerSecond: 120,
    callSeconds: 0,
    contextLength: 32_768,
    capabilities: ['completion', 'tools', 'thinking'],
    digest: digestOf(1),
  },
  {
    name: 'lab-small:latest',
    sizeBytes: GIB,
    parameterSize: '1B (simulated)',
    loadSeconds: 0.3,
    promptTokensPerSecond: 10_000,
    tokensPerSecond: 300,
    callSeconds: 0,
    contextLength: 8_192,
    capabilities: ['completion', 'tools'],
    digest: digestOf(2),
  },
  {
    name: 'lab-large:latest',
    sizeBytes: 12 * GIB,
    parameterSize: '32B (simulated)',
    loadSeconds: 2.5,
    promptTokensPerSecond: 1_500,
    tokensPerSecond: 50,
    callSeconds: 0,
    contextLength: 131_072,
    capabilities: ['completion', 'tools', 'thinking'],
    digest: digestOf(3),
  },
  {
    name: 'lab-code:latest',
    sizeBytes: 8 * GIB,
    parameterSize: '14B (simulated)',
    loadSeconds: 1.5,
    promptTokensPerSecond: 2_500,
    tokensPerSecond: 80,
    callSeconds: 0,
    contextLength: 65_536,
    capabilities: ['completion', 'tools'],
    digest: digestOf(5),
  },
  {
    name: 'lab-embed:latest',
    sizeBytes: GIB / 2,
    parameterSize: '300M (simulated)',
    loadSeconds: 0.3,
    promptTokensPerSecond: 20_000,
    tokensPerSecond: 0,
    callSeconds: 0.03,
    contextLength: 8_192,
    capabilities: ['embedding'],
    digest: digestOf(4),
  },
];

/** Finds a model by name; `:latest` may be left out. */
export function findModel(name: string): LabModel | undefined {
  const full = name.includes(':') ? name : `${name}:latest`;
  return LAB_MODELS.find((model) => model.name === full);
}

/** The `details` that Ollama shows in `/api/tags`, `/api/ps` and `/api/show`. */
export function detailsOf(model: LabModel) {
  return {
    parent_model: '',
    format: 'lab',
    family: 'lab',
    families: ['lab'],
    parameter_size: model.parameterSize,
    quantization_level: QUANTIZATION,
  };
}

/** Has the form of a digest, and shows by its zeros that nothing was hashed. */
function digestOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}
