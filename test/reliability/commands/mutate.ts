import { randomUUID } from 'node:crypto';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import type { CommandShop } from '#test/support/commandShop.ts';
import { BROKEN_BODIES, NASTY_TEXTS, WRONG_VALUES } from './corpus.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload?: string | Buffer;
}

type Json = Record<string, unknown>;

/** A well-formed request for each route: what mutations start from. */
export function wellFormed(shop: CommandShop, apiKey: string): readonly (() => FuzzRequest)[] {
  const { customer, currency, kettle } = shop.goods;
  const lines = [{ sku: kettle.sku, quantity: 1, unitPrice: kettle.price }];
  const order = { customerId: customer, currency, lines, total: kettle.price };
  const address = { name: 'A Shopper', line1: '1 High Street', town: 'Leeds', postcode: 'LS1 1AA' };
  const bodies: Record<string, Json> = {
    AcceptOrder: order,
    CancelOrder: { customerId: customer, reason: 'why' },
    ChangeDeliveryAddress: { customerId: customer, address },
    RegisterCustomer: { name: 'A Shopper', email: 'a@example.com', address },
    ReserveStock: { customerId: customer, lines: [{ sku: kettle.sku, quantity: 1 }], minutes: 1 },
    ReleaseStock: { customerId: customer },
  };
  const headers = (): Record<string, string> => ({
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
  });
  const requests = COMMANDS.map(({ name, route }) => (): FuzzRequest => {
    const url =
      route.path.replaceAll(/\{\w+\}/g, '1') +
      (name === 'GetOrder' ? '?customerId=1' : name === 'GetLiveStock' ? `?skus=${kettle.sku}` : '');
    if (route.method === 'GET') return { method: 'GET', url, headers: headers() };
    return { method: 'POST', url, headers: headers(), payload: JSON.stringify(bodies[name] ?? {}) };
  });
  const batch = (): FuzzRequest => ({
    method: 'POST',
    url: '/batches',
    headers: headers(),
    payload: JSON.stringify({ commands: [{ command: 'AcceptOrder', idempotencyKey: randomUUID(), body: order }] }),
  });
  const others = ['/livez', '/problems/validation', '/openapi.json', `/commands/${randomUUID()}`].map((url) => () => ({
    method: 'GET',
    url,
    headers: headers(),
  }));
  return [...requests, batch, ...others];
}

/** Changes one to three things of a request. */
export function mutate(request: FuzzRequest, random: () => number): FuzzRequest {
  let changed = request;
  const times = 1 + Math.floor(random() * 3);
  for (let i = 0; i < times; i++) changed = pick(MUTATIONS, random)(changed, random);
  return changed;
}

type Mutation = (request: FuzzRequest, random: () => number) => FuzzRequest;

export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}

const MUTATIONS: readonly Mutation[] = [
  changeValue,
  changeValue,
  changeValue,
  addField,
  (request, random) => (request.method === 'GET' ? request : { ...request, payload: pick(BROKEN_BODIES, random) }),
  changeBytes,
  changeHeader,
  changeHeader,
  changePath,
  (request, random) => ({
    ...request,
    method: pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'], random),
  }),
];

/** The body as a value; undefined when it is none, or one that was mutated into something too long to be mutated again. */
function jsonOf(request: FuzzRequest): unknown {
  if ((request.payload?.length ?? 0) > 4000) return undefined;
  try {
    return JSON.parse(String(request.payload));
  } catch {
    return undefined;
  }
}

/** Puts something else in the place of one value, at any depth. */
function changeValue(request: FuzzRequest, random: () => number): FuzzRequest {
  const body = jsonOf(request);
  if (typeof body !== 'object' || body === null) return request;
  const places = placesOf(body);
  if (places.length === 0) return request;
  const { holder, name } = pick(places, random);
  const how = random();
  if (how < 0.15) delete holder[name];
  else holder[name] = how < 0.7 ? pick(NASTY_TEXTS, random) : pick(WRONG_VALUES, random);
  return { ...request, payload: JSON.stringify(body) };
}

interface Place {
  readonly holder: Json;
  readonly name: string;
}

function placesOf(value: object): Place[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => [
    { holder: value as Json, name },
    ...(typeof inner === 'object' && inner !== null ? placesOf(inner) : []),
  ]);
}

function addField(request: FuzzRequest, random: () => number): FuzzRequest {
  const body = jsonOf(request);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return request;
  const name = JSON.stringify(pick(NASTY_TEXTS, random));
  const rest = JSON.stringify(body).slice(1);
  return {
    ...request,
    payload: `{${name}:${JSON.stringify(pick(WRONG_VALUES, random))}${rest === '}' ? '' : ','}${rest}`,
  };
}

function changeBytes(request: FuzzRequest, random: () => number): FuzzRequest {
  if (request.payload === undefined || request.payload.length === 0) return request;
  const bytes = Buffer.from(request.payload);
  for (let i = 0; i < 3; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return { ...request, payload: random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes };
}

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  authorization: [
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer slk_aaaaaaaaaaaa_x',
    'Bearer a.b.c',
    `Bearer ${'x'.repeat(5000)}`,
    'bearer null',
  ],
  'content-type': [
    '',
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json;charset="utf-8"',
    'APPLICATION/JSON',
    'a/b/c',
  ],
  'idempotency-key': ['', '"', '"a"', 'a, b', 'x'.repeat(101), 'a b', "'; DROP TABLE x", '../..'],
  prefer: ['respond-async', 'respond-async, wait=10', 'return=minimal', ','],
  accept: ['', '*/*', 'text/html', 'application/json;q=0', ',,,', 'x'.repeat(500)],
  traceparent: ['', '00-0-0-0', `00-${'f'.repeat(32)}-${'f'.repeat(16)}-01`, 'x'.repeat(300)],
  'x-request-id': ['', 'ok-1', "';--", 'x'.repeat(65)],
  'content-encoding': ['gzip', 'identity', 'br'],
  origin: ['null', 'https://evil.example'],
  'x-forwarded-for': ['1.2.3.4', "'; --", 'x'.repeat(1000)],
  'x-http-method-override': ['DELETE'],
  'transfer-encoding': ['identity'],
  cookie: ['a=b'],
};

function changeHeader(request: FuzzRequest, random: () => number): FuzzRequest {
  const name = pick(Object.keys(HEADERS), random);
  const headers = { ...request.headers };
  if (random() < 0.2) delete headers[name];
  else headers[name] = pick(HEADERS[name]!, random);
  return { ...request, headers };
}

function changePath(request: FuzzRequest, random: () => number): FuzzRequest {
  const text = encodeURIComponent(
    pick(NASTY_TEXTS, random)
      .replaceAll(/[\ud800-\udfff]/g, '')
      .slice(0, 300),
  );
  const ways = [
    () => request.url.replace(/\/1(?=\/|\?|$)/, `/${text}`),
    () => `${request.url}${request.url.includes('?') ? '&' : '?'}${text}=${text}`,
    () => `${request.url}/${text}`,
    () => request.url.replace(/=[^&]*/, `=${text}`),
    () => `${request.url}%`,
    () => request.url.toUpperCase(),
    () => `/${'a'.repeat(3000)}`,
    () => `/problems/${text}`,
  ];
  return { ...request, url: pick(ways, random)() };
}
