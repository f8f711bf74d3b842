import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errorFields } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { sendJson, sendProblem } from './answers.ts';
import { Commands } from './commands.ts';
import { CustomerTokens } from './customerTokens.ts';
import { Forwarder } from './forward.ts';
import { OrderKeys } from './orderKeys.ts';
import type { ShopServerOptions } from './shopOptions.ts';
import { StaticFiles } from './staticFiles.ts';
import { WebhookInbox } from './webhookInbox.ts';

/** Longest path and query that is looked at. */
const MAX_URL_CHARS = 4000;
const READ_PATHS = /^\/api(\/products(?:\/[^/]{1,64})?|\/suggest|\/stock)$/;
const STREAM_PATH = '/api/stock/stream';
const ORDER_PATH = /^\/api\/orders\/([0-9]{1,20})$/;
const NEWS_PATH = /^\/api\/orders\/([0-9]{1,20})\/news$/;
const ORDERS_PATH = '/api/orders';
const CANCEL_PATH = /^\/api\/orders\/([0-9]{1,20})\/cancel$/;
const ADDRESS_PATH = /^\/api\/orders\/([0-9]{1,20})\/address$/;
const LIVE_STOCK_PATH = '/api/live-stock';
/** Public keys of the shop's tokens, for the storefront API. */
export const JWKS_PATH = '/.well-known/jwks.json';
/** Where the shop takes webhooks. */
export const HOOKS_PATH = '/hooks';

/**
 * The demo shop's own server: the page's files, reads passed on to the storefront API, orders passed on to the command API with the key that
 * only this process knows, and a door for webhooks. It holds no connection to the database, as a shop on the internet should not.
 */
export class ShopServer implements Component {
  readonly name = 'shop';
  readonly #options: ShopServerOptions;
  readonly #files = new StaticFiles();
  readonly #orderKeys = new OrderKeys();
  readonly #tokens = new CustomerTokens();
  /** undefined where no webhooks are taken. */
  readonly inbox: WebhookInbox | undefined;
  readonly #forwarder: Forwarder;
  readonly #commands: Commands;
  #server: Server | undefined;

  constructor(options: ShopServerOptions) {
    this.#options = options;
    this.inbox = options.webhookSecret === undefined ? undefined : new WebhookInbox(options.webhookSecret);
    this.#forwarder = new Forwarder(options.storefrontUrl, {
      upstreamTimeoutMs: options.upstreamTimeoutMs ?? 10_000,
      maxForwards: options.maxForwards ?? 200,
      maxStreams: options.maxStreams ?? 200,
    });
    this.#commands = new Commands(options, this.#orderKeys);
  }

  /** Where the page is; only after start. */
  get url(): string {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) throw new Error('the shop server is not listening');
    return `http://${this.#options.host ?? '127.0.0.1'}:${address.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        this.#options.log.error({ event: 'shop_request_failed', ...errorFields(error) });
        sendProblem(response, 500, 'internal', 'Something went wrong here.');
      });
    });
    server.requestTimeout = 15_000;
    server.headersTimeout = 10_000;
    server.maxHeadersCount = 60;
    server.listen(this.#options.port ?? 0, this.#options.host ?? '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#forwarder.close();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    this.#server = undefined;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    if (target.length > MAX_URL_CHARS) return sendProblem(response, 414, 'request-invalid', 'The address is too long.');
    const url = URL.parse(target, 'http://shop.invalid');
    if (url === null) return sendProblem(response, 400, 'request-invalid', 'The address cannot be read.');
    if (request.method === 'POST') return this.#post(url, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, POST');
      return sendProblem(response, 405, 'method-not-allowed', 'This address can only be read.');
    }
    await this.#get(url, request, response);
  }

  async #get(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = url;
    const read = READ_PATHS.exec(pathname);
    const order = ORDER_PATH.exec(pathname);
    const news = NEWS_PATH.exec(pathname);
    if (read) this.#forwarder.forward(`${read[1]}${search}`, false, request, response);
    else if (pathname === STREAM_PATH) this.#forwarder.forward(`/stock/stream${search}`, true, request, response);
    else if (pathname === LIVE_STOCK_PATH) await this.#commands.liveStock(url.searchParams.get('sku'), response);
    else if (pathname === '/api/shop') sendJson(response, 200, this.#options.shop);
    else if (pathname === JWKS_PATH) sendJson(response, 200, this.#tokens.jwks());
    else if (pathname === ORDERS_PATH) this.#ownOrders(url, request, response);
    else if (news) this.#orderNews(news[1]!, url, response);
    else if (order) this.#orderStatus(order[1]!, url, request, response);
    else if (!this.#files.serve(pathname, request, response)) {
      sendProblem(response, 404, 'not-found', 'There is nothing at this address.');
    }
  }

  #orderStatus(orderId: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
    if (!this.#orderKeys.check(orderId, url.searchParams.get('key'))) {
      sendProblem(response, 404, 'unknown-order', 'There is no such order.');
      return;
    }
    const after = url.searchParams.get('after');
    const query = after === null ? '' : `?${new URLSearchParams({ after })}`;
    this.#forwarder.forward(`/orders/${orderId}${query}`, false, request, response);
  }

  /** The account's orders, by a token of the shop's own: the shopper's browser never holds one. */
  #ownOrders(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const cursor = url.searchParams.get('cursor');
    const query = new URLSearchParams({ limit: '10', ...(cursor === null ? {} : { cursor }) });
    const authorization = `Bearer ${this.#tokens.issue(this.#options.customerId)}`;
    this.#forwarder.forward(`/orders?${query}`, false, request, response, { authorization });
  }

  /** What webhooks told of an order. */
  #orderNews(orderId: string, url: URL, response: ServerResponse): void {
    if (this.inbox === undefined || !this.#orderKeys.check(orderId, url.searchParams.get('key')))
      sendProblem(response, 404, 'unknown-order', 'There is no such order.');
    else this.inbox.show(orderId, response);
  }

  async #post(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url.pathname === '/api/checkout') return this.#commands.checkout(request, response);
    if (url.pathname === HOOKS_PATH && this.inbox !== undefined) return this.inbox.receive(request, response);
    const cancel = CANCEL_PATH.exec(url.pathname);
    if (cancel) return this.#commands.cancel(cancel[1]!, request, response);
    const address = ADDRESS_PATH.exec(url.pathname);
    if (address) return this.#commands.changeAddress(address[1]!, request, response);
    sendProblem(response, 404, 'not-found', 'There is nothing at this address.');
  }
}
