import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorFields } from '#infra/runtime/errors.ts';
import { sendJson, sendProblem } from './answers.ts';
import type { OrderKeys } from './orderKeys.ts';
import { parseOrder } from './orderRequest.ts';
import type { ShopServerOptions } from './shopOptions.ts';

/** Largest body the page may send, in bytes: fifty lines take under 6000. */
const MAX_BODY_BYTES = 16_384;
/** Longest wait for the shopper's request body, ms. */
const BODY_TIMEOUT_MS = 5000;

const SKU = /^[A-Za-z0-9._-]{1,20}$/;

/** The page's ways to the database: ordering, cancelling, another address, stock asked live. Adds account and key, which no browser sees. */
export class Commands {
  readonly #options: ShopServerOptions;
  readonly #orderKeys: OrderKeys;

  constructor(options: ShopServerOptions, orderKeys: OrderKeys) {
    this.#options = options;
    this.#orderKeys = orderKeys;
  }

  async checkout(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await this.#readBody(request, response);
    if (body === undefined) return;
    const order = parseOrder(body);
    if (typeof order === 'string') return sendProblem(response, 422, 'basket-invalid', order);
    const { customerId, shop } = this.#options;
    const { idempotencyKey, lines, total } = order;
    const answer = await this.#send('/orders', idempotencyKey, { customerId, currency: shop.currency, lines, total });
    this.#reply(response, answer);
  }

  async cancel(orderId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const own = await this.#ownOrder(orderId, request, response);
    if (own === undefined) return;
    this.#reply(
      response,
      await this.#send(`/orders/${encodeURIComponent(orderId)}/cancel`, own.idempotencyKey, this.#account()),
    );
  }

  async changeAddress(orderId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const own = await this.#ownOrder(orderId, request, response);
    if (own === undefined) return;
    const path = `/orders/${encodeURIComponent(orderId)}/delivery-address`;
    this.#reply(
      response,
      await this.#send(path, own.idempotencyKey, { ...this.#account(), address: own.body['address'] }),
    );
  }

  /** Stock as the database has it at this moment, for articles that must not be promised from a copy. */
  async liveStock(sku: string | null, response: ServerResponse): Promise<void> {
    if (sku === null || !SKU.test(sku))
      return sendProblem(response, 422, 'request-invalid', 'There is no such article.');
    this.#reply(response, await this.#call('GET', `/live-stock?${new URLSearchParams({ skus: sku })}`));
  }

  #account(): { readonly customerId: string } {
    return { customerId: this.#options.customerId };
  }

  /** What the page sent about an order it may speak for, or undefined when the request was answered with a problem. */
  async #ownOrder(
    orderId: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ readonly idempotencyKey: string; readonly body: Readonly<Record<string, unknown>> } | undefined> {
    const sent = await this.#readBody(request, response);
    if (sent === undefined) return undefined;
    const body = sent as Readonly<Record<string, unknown>>;
    const { orderKey, idempotencyKey } = body;
    if (typeof orderKey !== 'string' || !this.#orderKeys.check(orderId, orderKey)) {
      sendProblem(response, 404, 'unknown-order', 'There is no such order.');
      return undefined;
    }
    if (typeof idempotencyKey !== 'string' || !/^[A-Za-z0-9-]{16,64}$/.test(idempotencyKey)) {
      sendProblem(response, 422, 'request-invalid', 'The request has no usable key.');
      return undefined;
    }
    return { idempotencyKey, body };
  }

  #send(path: string, idempotencyKey: string, body: unknown): Promise<Answer | null> {
    return this.#call('POST', path, {
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(body),
    });
  }

  async #call(method: 'GET' | 'POST', path: string, more: RequestInit = {}): Promise<Answer | null> {
    try {
      const answer = await fetch(new URL(path, this.#options.commandsUrl), {
        ...more,
        method,
        headers: { authorization: `Bearer ${this.#options.commandsKey}`, ...more.headers },
        redirect: 'error',
        signal: AbortSignal.timeout(this.#options.upstreamTimeoutMs ?? 10_000),
      });
      return { status: answer.status, body: await answer.json() };
    } catch (error) {
      this.#options.log.warn({ event: 'command_forward_failed', ...errorFields(error) });
      return null;
    }
  }

  /** Refusals are for the shopper; that our own key or set-up is refused is not. */
  #reply(response: ServerResponse, answer: Answer | null): void {
    if (answer === null || answer.status >= 500 || answer.status === 401 || answer.status === 403) {
      if (answer !== null) this.#options.log.warn({ event: 'command_refused', status: answer.status });
      const title = 'Orders cannot be taken just now. Nothing was charged; please try again.';
      sendProblem(response, 503, 'checkout-unavailable', title);
      return;
    }
    const orderId = (answer.body as { orderId?: unknown }).orderId;
    const own = typeof orderId === 'string' && answer.status < 300 ? { orderKey: this.#orderKeys.issue(orderId) } : {};
    sendJson(response, answer.status, { ...(answer.body as object), ...own });
  }

  /** The JSON object sent by our own page, or undefined when the request was answered with a problem. */
  async #readBody(request: IncomingMessage, response: ServerResponse): Promise<object | undefined> {
    const problem = (status: number, title: string): undefined =>
      sendProblem(response, status, 'request-invalid', title) as undefined;
    if (!isSameOrigin(request)) return problem(403, 'Requests from other pages are refused.');
    if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return problem(415, 'Expected JSON.');
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) return problem(413, 'The request is too large.');
        chunks.push(chunk);
      }
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      return typeof body === 'object' && body !== null ? body : problem(400, 'Expected a JSON object.');
    } catch {
      return problem(400, 'Expected JSON.');
    } finally {
      clearTimeout(timer);
    }
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Browsers say where a request comes from; a page of another origin must not order in the shopper's name. */
function isSameOrigin(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const origin = request.headers.origin;
  return (
    origin === undefined || origin === `http://${request.headers.host}` || origin === `https://${request.headers.host}`
  );
}
