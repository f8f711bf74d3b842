import type { FastifyInstance } from 'fastify';
import type { OrderReader } from '#consumers/orders/orderTypes.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { ORDER_PROBLEMS } from './problems.ts';
import { checked, orderParams, orderQuery } from './queryParameters.ts';

/** Requests that may wait for a command at once; each holds a connection and a poll. */
const MAX_WAITING = 500;
const RETRY_SECONDS = 1;

/** GET /orders/{orderId}?after=<commandId>: the order, not older than that command. */
export function addOrderRoutes(app: FastifyInstance, orders: OrderReader, maxWaitMs: number): void {
  let waiting = 0;

  /** Waits for the command unless the shopper goes away. */
  async function waitFor(commandId: string, closed: AbortSignal): Promise<boolean> {
    if (waiting >= MAX_WAITING) throw new HttpProblem(HTTP_PROBLEMS.unavailable, { retryAfterSeconds: RETRY_SECONDS });
    waiting++;
    try {
      return await orders.waitForCommand(commandId, maxWaitMs, closed);
    } finally {
      waiting--;
    }
  }

  app.get('/orders/:orderId', async (request, reply) => {
    const { orderId } = checked(orderParams, request.params, 'path');
    const { after } = checked(orderQuery, request.query);
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    request.raw.socket.once('close', onClose);
    try {
      if (!(await waitFor(after, gone.signal))) {
        throw new HttpProblem(ORDER_PROBLEMS.notVisibleYet, { retryAfterSeconds: RETRY_SECONDS });
      }
    } finally {
      request.raw.socket.off('close', onClose);
    }
    const command = await orders.command(after);
    const order = command?.orderId === orderId ? await orders.read(orderId) : null;
    if (order === null)
      throw new HttpProblem(HTTP_PROBLEMS.notFound, { detail: 'That command made or changed no such order.' });
    // Whose order it is stays with the shop: the command id shows it to its bearer, not the customer behind it.
    const { customerId: _customerId, ...shown } = order;
    reply.header('cache-control', 'private, no-store');
    return shown;
  });
}
