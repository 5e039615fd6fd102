/**
 * The load generator, as a child process: the measuring loop shares its thread with nothing else. Takes one order at a
 * time over the channel to its parent, answers `{ result }` or `{ error }`, and ends when the channel closes.
 */
import { runClosedLoop } from './lib/closed-loop.ts';
import { encodeRequest } from './lib/http-request.ts';
import { runOpenLoop } from './lib/open-loop.ts';
import { type Order, readMockCounts } from './lib/orders.ts';
import { measureCancels, measureFirstToken } from './lib/streams.ts';

process.on('message', (order: Order) => {
  carryOut(order).then(
    (result) => process.send?.({ result }),
    (thrown: unknown) => process.send?.({ error: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
});
process.on('disconnect', () => process.exit(0));
// The parent decides when to end: a Ctrl-C reaches every process of the terminal at once.
process.on('SIGINT', () => {});

function carryOut(order: Order): Promise<unknown> {
  const { endpoint } = order;
  switch (order.kind) {
    case 'closed':
      return runClosedLoop(order);
    case 'open':
      return runOpenLoop({ ...order, port: endpoint.port, request: encodeRequest(endpoint, order.body) });
    case 'first-token':
      return measureFirstToken(endpoint, order.body, order.count);
    case 'cancel':
      return measureCancels(endpoint, order.label, order.count, (model) =>
        readMockCounts(order.mockPort, model),
      );
  }
}
