/** Who is told that a body is too slow, with a clock of the test's own. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { LEAST_PACE, PaceWatch } from '#lib/http/body-pace.ts';

interface Connection {
  bytesRead: number;
  res: ServerResponse;
}

let slow: IncomingMessage[] = [];
let nowMs = 0;
let watch: PaceWatch<Connection>;

/** A request as far as the watch looks at it. */
const requestOf = (facts: { complete?: boolean; readableLength?: number } = {}) =>
  ({ complete: false, readableLength: 0, ...facts }) as IncomingMessage;

function connect(req: IncomingMessage): Connection {
  const connection = { bytesRead: 500, res: { req } as ServerResponse };
  watch.add(connection);
  return connection;
}

/** A second passes at a time, in which the client sends so many bytes. */
function pass(seconds: number, connection: Connection, bytesPerS: number): void {
  for (let at = 0; at < seconds; at += 1) {
    nowMs += 1_000;
    connection.bytesRead += bytesPerS;
    watch.look(nowMs);
  }
}

beforeEach(() => {
  slow = [];
  nowMs = 5_000;
  watch = new PaceWatch(
    LEAST_PACE,
    ({ res }) => res,
    (req) => slow.push(req),
  );
  watch.look(nowMs);
});

describe('a body', () => {
  it('that stops coming is too slow after a window', () => {
    const req = requestOf();
    const connection = connect(req);
    pass(10, connection, 0);
    expect(slow).toEqual([]);
    pass(1, connection, 0);
    expect(slow).toEqual([req]);
  });

  it('that drips is too slow, however fast it began', () => {
    const req = requestOf();
    const connection = connect(req);
    pass(20, connection, 1_000_000);
    pass(20, connection, 100);
    expect(slow[0]).toBe(req);
  });

  it('at a slow line of 1 Mbit/s passes, and so does one at the least pace', () => {
    for (const bytesPerS of [125_000, LEAST_PACE.leastBytesPerS]) {
      const connection = connect(requestOf());
      pass(300, connection, bytesPerS);
      watch.remove(connection);
    }
    expect(slow).toEqual([]);
  });

  it('that is not read is not its client’s fault', () => {
    const connection = connect(requestOf({ readableLength: 1 }));
    pass(60, connection, 0);
    expect(slow).toEqual([]);
  });

  it('is not judged by what a busy event loop did not read', () => {
    const connection = connect(requestOf());
    for (let at = 0; at < 10; at += 1) {
      nowMs += 6_000;
      watch.look(nowMs);
    }
    expect(slow).toEqual([]);
    pass(11, connection, 0);
    expect(slow).toHaveLength(1);
  });

  it('that is complete is done, whatever its answer takes, and the next has a window of its own', () => {
    const connection = connect(requestOf({ complete: true }));
    pass(60, connection, 0);
    connection.res = { req: requestOf() } as ServerResponse;
    pass(10, connection, 0);
    expect(slow).toEqual([]);
    pass(1, connection, 0);
    expect(slow).toHaveLength(1);
  });

  it('whose connection is gone is forgotten', () => {
    const connection = connect(requestOf());
    pass(5, connection, 0);
    watch.remove(connection);
    pass(60, connection, 0);
    expect(slow).toEqual([]);
  });
});
