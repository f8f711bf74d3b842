import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson, sendProblem } from './answers.ts';

/** A message about an order, as the shop shows it. */
export interface OrderNews {
  readonly id: string;
  readonly type: string;
  /** ISO 8601 moment of the change in the shop's database. */
  readonly at: string;
  /** ISO 8601 moment the message came. */
  readonly receivedAt: string;
  readonly status: string;
}

/** Orders whose messages are remembered; the longest untouched is forgotten first. */
const MAX_ORDERS = 1000;
const MAX_NEWS = 20;
const MAX_BODY_BYTES = 65_536;
/** Messages signed longer ago, or further ahead, are refused: somebody plays an old one again. */
const MAX_AGE_SECONDS = 300;

/** The demo shop's door for webhooks: checks every message as a receiver should, and remembers what it was told of each order. */
export class WebhookInbox {
  readonly #key: Buffer;
  readonly #news = new Map<string, OrderNews[]>();

  /** @param secret base64, with or without whsec_ before it */
  constructor(secret: string) {
    this.#key = Buffer.from(secret.replace(/^whsec_/u, ''), 'base64');
  }

  /** What was told of an order so far, oldest first. */
  news(orderId: string): readonly OrderNews[] {
    return this.#news.get(orderId) ?? [];
  }

  /** Takes a message: 204, or 401 when it is not signed as it should be. */
  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === null) return sendProblem(response, 413, 'too-large', 'The message is too long.');
    const id = String(request.headers['webhook-id'] ?? '');
    if (!this.#isGenuine(id, request, body))
      return sendProblem(response, 401, 'not-genuine', 'The signature is wrong.');
    this.#remember(id, body);
    response.writeHead(204).end();
  }

  /** Writes an order's messages as JSON. */
  show(orderId: string, response: ServerResponse): void {
    sendJson(response, 200, { news: this.news(orderId) });
  }

  #isGenuine(id: string, { headers }: IncomingMessage, body: string): boolean {
    const timestamp = String(headers['webhook-timestamp'] ?? '');
    const ageSeconds = Math.abs(Date.now() / 1000 - Number(timestamp));
    if (!/^\d+$/u.test(timestamp) || ageSeconds > MAX_AGE_SECONDS) return false;
    const expected = createHmac('sha256', this.#key).update(`${id}.${timestamp}.${body}`).digest();
    return String(headers['webhook-signature'] ?? '')
      .split(' ')
      .some((signature) => {
        const [version, text = ''] = signature.split(',');
        const found = Buffer.from(text, 'base64');
        return version === 'v1' && found.length === expected.length && timingSafeEqual(found, expected);
      });
  }

  /** A message that comes twice counts once: its id says so. */
  #remember(id: string, body: string): void {
    const { type, timestamp, data } = JSON.parse(body) as {
      type: string;
      timestamp: string;
      data: { orderId?: string; status?: string };
    };
    if (data.orderId === undefined) return;
    const known = this.#news.get(data.orderId) ?? [];
    if (known.some((news) => news.id === id)) return;
    const news = { id, type, at: timestamp, receivedAt: new Date().toISOString(), status: data.status ?? '' };
    this.#news.delete(data.orderId);
    this.#news.set(data.orderId, [...known, news].slice(-MAX_NEWS));
    if (this.#news.size > MAX_ORDERS) this.#news.delete(this.#news.keys().next().value!);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
