import { randomUUID } from 'node:crypto';
import type { SampleLine } from './shops.ts';

const TIMEOUT_MS = 15_000;

/** What an HTTP call gave. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** Calls the storefront read API the way a shop would: over HTTP, knowing nothing else. */
export class StorefrontClient {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }

  /** The document as the search sees it, found by its sku; null when the search does not show it. */
  async searchBySku(sku: string): Promise<Record<string, unknown> | null> {
    const { body } = await call<{ items?: Record<string, unknown>[] }>(
      `${this.#url}/products?q=${encodeURIComponent(sku)}&limit=5`,
    );
    return body.items?.find((item) => item['sku'] === sku) ?? null;
  }

  async stock(
    sku: string,
  ): Promise<{ readonly onHand: number; readonly reserved: number; readonly available: number } | null> {
    const { body } = await call<{ items?: { sku: string; onHand: number; reserved: number; available: number }[] }>(
      `${this.#url}/stock?skus=${encodeURIComponent(sku)}`,
    );
    return body.items?.find((item) => item.sku === sku) ?? null;
  }

  /** The order's status word for whoever knows the command that made it, once the copy has passed that command; null before. */
  async orderStatus(orderId: string, commandId: string): Promise<string | null> {
    const { status, body } = await call<{ status?: unknown }>(
      `${this.#url}/orders/${encodeURIComponent(orderId)}?after=${encodeURIComponent(commandId)}`,
    );
    return status === 200 && typeof body.status === 'string' ? body.status : null;
  }
}

export interface PlacedOrder {
  readonly orderId: string;
  readonly commandId: string;
  readonly total: string;
}

/** Calls the command API with a key, as the shop's own server does. */
export class CommandsClient {
  readonly #url: string;
  readonly #key: string;
  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  async placeOrder(
    order: { readonly customerId: string; readonly currency: string; readonly lines: readonly SampleLine[] },
    idempotencyKey: string = randomUUID(),
  ): Promise<Answer<PlacedOrder>> {
    const total = order.lines.reduce((sum, line) => sum + BigInt(line.quantity) * scaled(line.unitPrice), 0n);
    return call<PlacedOrder>(`${this.#url}/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify({ ...order, total: decimalText(total) }),
    });
  }
}

async function call<T>(url: string, init: RequestInit = {}): Promise<Answer<T>> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  return { status: response.status, body: (await response.json()) as T };
}

/** Decimal text with up to four places → ten-thousandths. */
function scaled(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, '0').slice(0, 4));
}

/** Ten-thousandths → decimal text with four places. */
function decimalText(value: bigint): string {
  return `${value / 10_000n}.${String(value % 10_000n).padStart(4, '0')}`;
}
