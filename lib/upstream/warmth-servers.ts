/** Upstreams that tell what they have in memory, as the allocator moves models in and out of it. */
import type { WarmthServer } from '#lib/allocation/warmth/keeper.ts';
import { keepWarm, residents, unload } from '#lib/upstream/residency.ts';
import type { Upstream } from '#lib/upstream/upstream.ts';

/** @param isOpen whether the breaker of a component is: an upstream that fails is left alone */
export function warmthServers(
  upstreams: readonly Upstream[],
  isOpen: (component: string) => boolean,
): WarmthServer[] {
  return upstreams
    .filter(
      ({ name, protocol }) => protocol === 'ollama' && !isOpen(`${name}.chat`) && !isOpen(`${name}.admin`),
    )
    .map((upstream) => ({
      name: upstream.name,
      residents: async () =>
        (await residents(upstream)).map(({ expiresAtMs, ...resident }) => ({
          ...resident,
          expiresAtS: expiresAtMs === null ? null : expiresAtMs / 1_000,
        })),
      keepWarm: (model, keepAliveS) => keepWarm(upstream, model, keepAliveS),
      unload: (model) => unload(upstream, model),
    }));
}
