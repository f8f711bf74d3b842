import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ShopDocument } from '#infra/demo/document.ts';

/** A stand-in for the storefront read API and the command API, so that the shop's page can be tested without the pipeline. */
export interface FakeShopApis {
  readonly url: string;
  /** Sets one shelf and tells every open stream. */
  setStock(sku: string, location: string, onHand: number, reserved?: number): void;
  /** Locations that have, or had, the article. */
  places(sku: string): string[];
  /** Moves an order on. */
  setOrderStatus(orderId: string, status: string): void;
  /** Changes a product as the catalogue shows it. */
  setProduct(sku: string, change: Partial<ShopDocument>): void;
  /** Makes the next calls of a path fail with this problem; null ends it. */
  failWith(path: string, problem: { readonly status: number; readonly code: string } | null): void;
  /** What the command API was sent: headers and body of each call. */
  readonly commands: readonly {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  stop(): Promise<void>;
}

interface Shelf {
  onHand: number;
  reserved: number;
}
interface FakeOrder {
  status: string;
  statusAt: string;
  history: { status: string; at: string }[];
  total: string;
  lines: { lineId: string; sku: string; quantity: number; total: string }[];
}

const FACETS = ['category', 'subcategory', 'brand', 'colour', 'size', 'price', 'purchasable'] as const;
const PRICE_RANGES: readonly (readonly [key: string, from: number, to: number])[] = [
  ['under-10', 0, 1000],
  ['10-25', 1000, 2500],
  ['25-50', 2500, 5000],
  ['50-100', 5000, 10_000],
  ['100-500', 10_000, 50_000],
  ['over-500', 50_000, Number.MAX_SAFE_INTEGER],
];

/** Serves these documents and shelves. Shelves are keyed by sku, then by location. */
export async function startFakeShopApis(
  documents: readonly ShopDocument[],
  shelves: ReadonlyMap<string, ReadonlyMap<string, Shelf>>,
): Promise<FakeShopApis> {
  const products = new Map(documents.map((document) => [document.sku, document]));
  const stock = new Map(
    [...shelves].map(([sku, places]) => [sku, new Map([...places].map(([id, s]) => [id, { ...s }]))]),
  );
  const orders = new Map<string, FakeOrder>();
  const streams = new Set<{ readonly skus: readonly string[]; readonly response: ServerResponse }>();
  const failures = new Map<string, { status: number; code: string }>();
  const commands: { path: string; headers: IncomingMessage['headers']; body: string }[] = [];
  let nextOrder = 100_601;

  const level = (sku: string) => {
    const locations = [...(stock.get(sku) ?? [])].map(([location, shelf]) => ({
      location,
      ...shelf,
      available: Math.max(0, shelf.onHand - shelf.reserved),
    }));
    const sum = (key: 'onHand' | 'reserved' | 'available') => locations.reduce((total, place) => total + place[key], 0);
    return {
      sku,
      onHand: sum('onHand'),
      reserved: sum('reserved'),
      available: sum('available'),
      asOf: new Date().toISOString(),
      ageSeconds: 0.2,
      stale: false,
      locations,
    };
  };
  const send = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  };
  const problem = (response: ServerResponse, status: number, code: string, facts: object = {}): unknown =>
    send(response, status, { type: `https://example.invalid/${code}`, title: code, status, code, ...facts });

  const openStream = (skus: readonly string[], response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('retry: 200\n\n');
    for (const sku of skus) if (stock.has(sku)) response.write(`event: stock\ndata: ${JSON.stringify(level(sku))}\n\n`);
    const stream = { skus, response };
    streams.add(stream);
    response.once('close', () => streams.delete(stream));
  };
  const accept = (body: string, response: ServerResponse): unknown => {
    const order = JSON.parse(body) as {
      lines: { sku: string; quantity: number; unitPrice: string }[];
      total: string;
      currency: string;
    };
    for (const [i, line] of order.lines.entries()) {
      const place = (field: string) => ({ errors: [{ pointer: `/lines/${i}/${field}`, detail: field }] });
      const product = products.get(line.sku);
      if (!product) return problem(response, 404, 'unknown-product', place('sku'));
      if (Number(product.price) !== Number(line.unitPrice)) {
        return problem(response, 422, 'price-differs', {
          ...place('unitPrice'),
          expected: product.price,
          found: line.unitPrice,
        });
      }
      const shelf = stock.get(line.sku)?.get('1');
      const available = shelf ? shelf.onHand - shelf.reserved : 0;
      if (available < line.quantity) {
        return problem(response, 409, 'not-enough-stock', {
          ...place('quantity'),
          requested: line.quantity,
          available,
        });
      }
    }
    const orderId = String(nextOrder++);
    const at = new Date().toISOString();
    const lines = order.lines.map(({ sku, quantity, unitPrice }, i) => ({
      lineId: String(i + 1),
      sku,
      quantity,
      total: (quantity * Number(unitPrice)).toFixed(4),
    }));
    orders.set(orderId, { status: 'new', statusAt: at, history: [{ status: 'new', at }], total: order.total, lines });
    send(response, 201, {
      commandId: randomUUID(),
      orderId,
      status: 'accepted',
      total: order.total,
      currency: order.currency,
    });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const failure = failures.get(url.pathname);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method === 'POST') commands.push({ path: url.pathname, headers: request.headers, body });
    if (failure) return problem(response, failure.status, failure.code);
    if (request.method === 'POST') {
      if (url.pathname === '/orders') return accept(body, response);
      const orderId = url.pathname.split('/')[2] ?? '';
      const order = orders.get(orderId);
      if (url.pathname.endsWith('/delivery-address')) {
        if (order?.status !== 'new')
          return problem(response, 409, 'order-not-changeable', { orderStatus: order?.status });
        return send(response, 200, { commandId: randomUUID(), orderId, status: 'changed' });
      }
      if (order?.status !== 'new')
        return problem(response, 409, 'order-not-cancellable', { orderId, status: order?.status });
      apis.setOrderStatus(orderId, 'cancelled');
      return send(response, 200, { commandId: randomUUID(), orderId, status: 'cancelled' });
    }
    const [, first, second] = url.pathname.split('/');
    const skus = (url.searchParams.get('skus') ?? '').split(',').filter(Boolean);
    if (first === 'live-stock') return send(response, 200, { asOf: new Date().toISOString(), items: skus.map(level) });
    if (first === 'stock' && second === 'stream') return openStream(skus, response);
    if (first === 'stock') return send(response, 200, { items: skus.map(level), unknown: [] });
    if (first === 'products' && second) {
      const product = products.get(decodeURIComponent(second));
      return product ? send(response, 200, { product }) : problem(response, 404, 'unknown-product');
    }
    if (first === 'products') {
      const shown = [...products.values()].filter(
        ({ sku }) => url.searchParams.get('stock') !== 'only' || level(sku).available > 0,
      );
      return send(response, 200, search(shown, url.searchParams));
    }
    if (first === 'suggest')
      return send(
        response,
        200,
        suggest([...products.values()], url.searchParams.get('q') ?? '', url.searchParams.get('limit') ?? '8'),
      );
    if (first === 'orders' && second === undefined) {
      if (!/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/.test(request.headers.authorization ?? ''))
        return problem(response, 401, 'unauthenticated');
      const items = [...orders].reverse().map(([orderId, order]) => ({ orderId, currency: 'GBP', ...order }));
      return send(response, 200, { items, nextCursor: null });
    }
    const order = first === 'orders' ? orders.get(second ?? '') : undefined;
    return order
      ? send(response, 200, { orderId: second, currency: 'GBP', ...order })
      : problem(response, 404, 'unknown-order');
  };

  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const apis: FakeShopApis = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    commands,
    setStock(sku, location, onHand, reserved = 0) {
      const places = stock.get(sku) ?? new Map<string, Shelf>();
      places.set(location, { onHand, reserved });
      stock.set(sku, places);
      for (const { skus, response } of streams) {
        if (skus.includes(sku)) response.write(`event: stock\ndata: ${JSON.stringify(level(sku))}\n\n`);
      }
    },
    places: (sku) => [...(stock.get(sku)?.keys() ?? [])],
    setOrderStatus(orderId, status) {
      const order = orders.get(orderId);
      if (!order) throw new Error(`no order ${orderId}`);
      const at = new Date().toISOString();
      Object.assign(order, { status, statusAt: at, history: [...order.history, { status, at }] });
    },
    setProduct(sku, change) {
      const product = products.get(sku);
      if (product) products.set(sku, { ...product, ...change });
    },
    failWith(path, failure) {
      if (failure) failures.set(path, failure);
      else failures.delete(path);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
  return apis;
}

function facetValue(document: ShopDocument, facet: (typeof FACETS)[number]): string | null {
  if (facet === 'price')
    return PRICE_RANGES.find(([, from, to]) => document.priceMinor >= from && document.priceMinor < to)?.[0] ?? null;
  if (facet === 'purchasable') return String(document.purchasable);
  return document[facet];
}

function matches(document: ShopDocument, params: URLSearchParams, except?: string): boolean {
  const words = (params.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const text = [document.sku, document.name, document.brand, document.category, document.subcategory, document.colour]
    .join(' ')
    .toLowerCase();
  if (!words.every((word) => text.includes(word))) return false;
  const min = Number(params.get('priceFrom') ?? 0);
  const max = Number(params.get('priceTo') ?? Number.MAX_SAFE_INTEGER);
  if (document.priceMinor < min || document.priceMinor >= max) return false;
  return FACETS.every((facet) => {
    const wanted = params.getAll(facet);
    return facet === except || wanted.length === 0 || wanted.includes(facetValue(document, facet) ?? '');
  });
}

function search(documents: readonly ShopDocument[], params: URLSearchParams): object {
  const found = documents.filter((document) => matches(document, params));
  const by = params.get('sort');
  if (by === 'price_asc') found.sort((a, b) => a.priceMinor - b.priceMinor);
  if (by === 'price_desc') found.sort((a, b) => b.priceMinor - a.priceMinor);
  if (by === 'name') found.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (by === 'newest') found.sort((a, b) => (a.createdAt > b.createdAt ? -1 : 1));
  const from = Number(params.get('cursor') ?? 0);
  const to = from + Number(params.get('limit') ?? 24);
  const facets = Object.fromEntries(
    FACETS.map((facet) => {
      const counts = new Map<string, number>();
      for (const document of documents) {
        const value = matches(document, params, facet) ? facetValue(document, facet) : null;
        if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      return [
        facet,
        [...counts]
          .sort(([, a], [, b]) => b - a)
          .map(([value, count]) => ({ value, count, selected: params.getAll(facet).includes(value) })),
      ];
    }),
  );
  return {
    total: found.length,
    matched: found.length,
    partial: false,
    relaxed: null,
    didYouMean: null,
    ignoredWords: [],
    instead: found.length === 0 ? documents.slice(0, 4) : [],
    items: found.slice(from, to),
    facets,
    bounds: {},
    nextCursor: to < found.length ? String(to) : null,
  };
}

function suggest(documents: readonly ShopDocument[], q: string, limit: string): object {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const found = documents.filter((document) =>
    words.every((word) =>
      document.name
        .toLowerCase()
        .split(' ')
        .some((part) => part.startsWith(word)),
    ),
  );
  const [first] = found;
  return {
    suggestions: found
      .slice(0, Number(limit))
      .map(({ sku, name, category, price, currency }) => ({ text: name, sku, category, price, currency })),
    completions: [],
    values: first?.subcategory ? [{ facet: 'subcategory', value: first.subcategory, count: found.length }] : [],
    corrected: false,
  };
}
