import { describe, expect, it } from 'vitest';
import { columnsOf } from '#components/batching/sizes.tsx';

const limits = (max_size: number) => ({ max_size, max_wait_ms: 50, max_tokens: 1, max_bytes: 1 });

describe('the histogram of sizes', () => {
  it('has a column for each size while they can be told apart', () => {
    const columns = columnsOf({ limits: limits(5), sizes: [{ size: 2, batches: 3 }] });
    expect(columns).toEqual(
      [1, 2, 3, 4, 5].map((size) => ({ from: size, to: size, batches: size === 2 ? 3 : 0 })),
    );
  });

  it('puts sizes together beyond, and loses none', () => {
    const sizes = Array.from({ length: 200 }, (_, at) => ({ size: at + 1, batches: 1 }));
    const columns = columnsOf({ limits: limits(20), sizes });
    expect(columns.length).toBeLessThanOrEqual(24);
    expect(columns.reduce((sum, { batches }) => sum + batches, 0)).toBe(200);
  });
});
