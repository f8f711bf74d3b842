import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CopyProgressReader } from '#consumers/orders/commandWaits.ts';
import { hasPassed, type Passed } from '#consumers/orders/commandWaits.ts';
import type { CommandSeen, OrderReader, OrderStatus } from '#consumers/orders/orderTypes.ts';
import { ageOf } from '#consumers/stock/reader.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { PREFLIGHT_HEADERS } from './cors.ts';
import { customerAskedFor, type OrderAccess, showsOrder, unauthenticated } from './orderAccess.ts';
import { ORDER_PROBLEMS, WAIT_PROBLEMS } from './problems.ts';
import { checked, commandParams, orderParams, orderQuery, ordersQuery } from './queryParameters.ts';

/** Requests that may wait for a command at once; each holds a connection and a poll. */
const MAX_WAITING = 500;
const RETRY_SECONDS = 1;
const PAGE_SIZE = 20;
/** Longest wait for the lines of an order that is there already, ms. */
const LINES_WAIT_MS = 1000;
/** Name of the copy that orders are. */
const COPY = 'orders';

export interface OrderRouteOptions {
  readonly orders: OrderReader;
  readonly access: OrderAccess;
  /** Longest wait for a command, ms. */
  readonly maxWaitMs: number;
  /** How far the copy has come; without it answers tell no age. */
  readonly progress: CopyProgressReader | undefined;
  readonly now: () => number;
}

/** GET /orders (a customer's), GET /orders/{orderId}, GET /commands/{commandId}. */
export function addOrderRoutes(app: FastifyInstance, options: OrderRouteOptions): void {
  const { orders, access, progress, now } = options;
  const waitFor = waiting(options);
  /** Read before the orders are: what is read after it is at least that new. */
  const passed = async () => (await progress?.passed(COPY)) ?? null;
  const age = (copy: Passed | null) => ageOf(copy?.sourceTimeMs ?? null, now());

  app.get('/orders/:orderId', async (request, reply) => {
    const { orderId } = checked(orderParams, request.params, 'path');
    const { after } = checked(orderQuery, request.query);
    const token = await access.token(request);
    if (token === null && after === undefined) throw unauthenticated();
    if (after !== undefined) await waitFor(after, request);
    const copy = await passed();
    const order = await orders.read(orderId);
    const isAllowed =
      order !== null &&
      (token === null ? (await orders.command(after!))?.orderId === orderId : showsOrder(token, order));
    // One of somebody else is as unknown as one that is not there.
    if (!isAllowed)
      throw new HttpProblem(HTTP_PROBLEMS.notFound, { detail: 'There is no such order for this caller.' });
    return personal(reply, { ...shown(order, copy), ...age(copy) });
  });

  app.get('/orders', async (request, reply) => {
    const { customer, limit = PAGE_SIZE, cursor, after } = checked(ordersQuery, request.query);
    const token = await access.required(request);
    const customerId = customerAskedFor(token, customer);
    if (after !== undefined) await waitFor(after, request);
    const copy = await passed();
    const page = await orders.ofCustomer(customerId, { limit, ...(cursor === undefined ? {} : { cursor }) });
    return personal(reply, {
      items: page.orders.map((order) => shown(order, copy)),
      nextCursor: page.nextCursor,
      ...age(copy),
    });
  });

  app.get('/commands/:commandId', async (request, reply) => {
    const { commandId } = checked(commandParams, request.params, 'path');
    const seen = await orders.command(commandId);
    if (seen === null) throw new HttpProblem(ORDER_PROBLEMS.commandNotSeen, { retryAfterSeconds: RETRY_SECONDS });
    return personal(reply, outcomeOf(seen));
  });

  for (const path of ['/orders', '/orders/:orderId'])
    app.options(path, async (_request, reply) => reply.code(204).headers(PREFLIGHT_HEADERS).send());
}

/** Waits until the copy shows a command's work, unless the shopper goes away. */
function waiting({ orders, maxWaitMs, progress, now }: OrderRouteOptions) {
  let waiters = 0;
  /** @throws 503 when the time is up or too many wait, 409 when the command is known to have been refused */
  return async (commandId: string, request: FastifyRequest): Promise<void> => {
    if (waiters >= MAX_WAITING) throw new HttpProblem(HTTP_PROBLEMS.unavailable, { retryAfterSeconds: RETRY_SECONDS });
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    request.raw.socket.once('close', onClose);
    const endMs = now() + maxWaitMs;
    waiters++;
    try {
      const outcome = await orders.waitForCommand(commandId, maxWaitMs, gone.signal);
      if (outcome === 'unknown')
        throw new HttpProblem(WAIT_PROBLEMS.notVisibleYet, { retryAfterSeconds: RETRY_SECONDS });
      if (outcome === 'refused') throw refused(await orders.command(commandId));
      // The lines come another way than the order and its command; only the whole copy's progress tells that all are there. That takes a
      // little longer, and the order is worth showing without: linesComplete says which it is.
      const leftMs = Math.min(LINES_WAIT_MS, endMs - now());
      if (orders.hasLines && leftMs > 0)
        await progress?.untilCommandPassed(COPY, commandId, leftMs, gone.signal).catch(unlessFull);
    } finally {
      waiters--;
      request.raw.socket.off('close', onClose);
    }
  };
}

/** Where too many wait already, the order is shown without waiting. */
function unlessFull(error: unknown): void {
  if (!hasCode(error, 'COPY_WAITS_FULL')) throw error;
}

function refused(seen: CommandSeen | null): HttpProblem {
  const refusal = seen?.refusal ?? null;
  return new HttpProblem(ORDER_PROBLEMS.commandRefused, refusal === null ? {} : { facts: { refusal } });
}

/** Nobody between us and the caller may keep it. */
function personal<T>(reply: FastifyReply, body: T): T {
  reply.header('cache-control', 'private, no-store');
  return body;
}

/** Whose order it is stays with the shop, whoever asks. */
function shown({ customerId: _customerId, position, ...order }: OrderStatus, copy: Passed | null) {
  return order.lines === undefined ? order : { ...order, linesComplete: hasPassed(copy, position) };
}

function outcomeOf({ commandId, commandName, orderId, position, committedAt, refusal }: CommandSeen) {
  const outcome = refusal === null ? 'applied' : 'refused';
  return { commandId, command: commandName, outcome, refusal, orderId, position, committedAt };
}
