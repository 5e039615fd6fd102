/**
 * Which models are in memory. A model loads before its first answer, stays for its keep-alive after the last one, and
 * when room is short the idle model that was used longest ago goes first. A model in use is never evicted: who needs
 * its room waits.
 */
import { type Clock, unlessAborted } from '#lib/lab/clock.ts';
import type { LabModel } from '#lib/lab/models.ts';
import { Refusal } from '#lib/lab/refusal.ts';

export interface Lease {
  /** How long this caller waited for the model; 0 when it was there. */
  readonly loadMs: number;
  release(): void;
}

export interface LoadedModel {
  readonly model: LabModel;
  /** Epoch milliseconds; null while it stays for good. A model in use counts from now. */
  readonly expiresAtMs: number | null;
}

interface Resident {
  readonly model: LabModel;
  readonly ready: Promise<void>;
  loading: boolean;
  users: number;
  keepAliveMs: number;
  lastUsedAt: number;
  cancelExpiry: () => void;
}

export interface MemoryOptions {
  capacityBytes: number;
  clock: Clock;
  /** Loads take their seconds divided by this. */
  speed: number;
}

export class ModelMemory {
  readonly #options: MemoryOptions;
  /** Bounded by the catalogue. */
  readonly #residents = new Map<string, Resident>();
  #roomChanged = Promise.withResolvers<void>();

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  list(): LoadedModel[] {
    const now = this.#options.clock.now();
    return [...this.#residents.values()]
      .filter((resident) => !resident.loading)
      .map(({ model, keepAliveMs, users, lastUsedAt }) => ({
        model,
        expiresAtMs: Number.isFinite(keepAliveMs) ? (users > 0 ? now : lastUsedAt) + keepAliveMs : null,
      }));
  }

  /**
   * Loads the model if need be and keeps it until the lease is released.
   * @param keepAliveMs how long it stays afterwards; 0 unloads, Infinity keeps it
   * @throws Refusal 500 when it is larger than the whole memory; the signal's reason when the caller leaves
   */
  async acquire(model: LabModel, keepAliveMs: number, signal: AbortSignal): Promise<Lease> {
    const { clock, capacityBytes } = this.#options;
    if (model.sizeBytes > capacityBytes) {
      throw new Refusal(
        500,
        `model requires more system memory (${gib(model.sizeBytes)}) than is available (${gib(capacityBytes)})`,
      );
    }
    const startedAt = clock.now();
    let resident = this.#residents.get(model.name);
    const present = resident !== undefined && !resident.loading;
    while (resident === undefined) {
      if (this.#makeRoom(model.sizeBytes)) resident = this.#load(model);
      else {
        await unlessAborted(this.#roomChanged.promise, signal);
        resident = this.#residents.get(model.name);
      }
    }
    const held = resident;
    held.users += 1;
    held.keepAliveMs = keepAliveMs;
    held.cancelExpiry();
    try {
      await unlessAborted(held.ready, signal);
    } catch (thrown) {
      this.#release(held);
      throw thrown;
    }
    let released = false;
    return {
      loadMs: present ? 0 : clock.now() - startedAt,
      release: () => {
        if (!released) this.#release(held);
        released = true;
      },
    };
  }

  /** Unloads a model as soon as nobody uses it. */
  unload(model: LabModel): void {
    const resident = this.#residents.get(model.name);
    if (resident === undefined) return;
    resident.keepAliveMs = 0;
    if (resident.users === 0) this.#evict(resident);
  }

  #load(model: LabModel): Resident {
    const { clock, speed } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const resident: Resident = {
      model,
      ready: promise,
      loading: true,
      users: 0,
      keepAliveMs: 0,
      lastUsedAt: clock.now(),
      cancelExpiry: () => {},
    };
    // A load goes on when its caller leaves: the next one finds the model there.
    resident.users += 1;
    clock.after((model.loadSeconds * 1_000) / speed, () => {
      resident.loading = false;
      resolve();
      this.#release(resident);
    });
    this.#residents.set(model.name, resident);
    return resident;
  }

  #release(resident: Resident): void {
    const { clock } = this.#options;
    resident.users -= 1;
    resident.lastUsedAt = clock.now();
    if (resident.users > 0) return;
    if (resident.keepAliveMs <= 0) this.#evict(resident);
    else {
      if (Number.isFinite(resident.keepAliveMs)) {
        resident.cancelExpiry = clock.after(resident.keepAliveMs, () => {
          if (resident.users === 0) this.#evict(resident);
        });
      }
      this.#announceRoom();
    }
  }

  /** Evicts idle models, oldest first, when that makes enough room; otherwise none. */
  #makeRoom(bytes: number): boolean {
    const residents = [...this.#residents.values()];
    const idle = residents.filter(({ users }) => users === 0).sort((a, b) => a.lastUsedAt - b.lastUsedAt);
    let free = this.#options.capacityBytes - totalBytes(residents);
    if (free + totalBytes(idle) < bytes) return false;
    for (const resident of idle) {
      if (free >= bytes) break;
      this.#evict(resident);
      free += resident.model.sizeBytes;
    }
    return true;
  }

  #evict(resident: Resident): void {
    resident.cancelExpiry();
    if (this.#residents.get(resident.model.name) === resident) this.#residents.delete(resident.model.name);
    this.#announceRoom();
  }

  #announceRoom(): void {
    this.#roomChanged.resolve();
    this.#roomChanged = Promise.withResolvers<void>();
  }
}

function totalBytes(residents: readonly Resident[]): number {
  return residents.reduce((sum, { model }) => sum + model.sizeBytes, 0);
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
