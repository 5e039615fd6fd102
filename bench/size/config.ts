/** A `switchgear.yaml` with so many upstreams, each with a model of its own; JSON is YAML. */

export const modelOf = (index: number) => `bench-fixed-${index}`;

/** @param url where all of them are */
export function configOf(upstreams: number, url: string): string {
  return JSON.stringify({
    upstreams: Array.from({ length: upstreams }, (_, index) => ({
      name: `upstream-${index}`,
      kind: 'openai',
      url,
      models: [modelOf(index)],
    })),
    cache: { enabled: false },
  });
}
