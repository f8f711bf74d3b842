/** What the page sends to place an order. Everything is checked again behind the command API; this keeps nonsense from going there. */
export interface OrderRequest {
  /** Made by the page once per basket, so that a repeated click or a retry cannot order twice. */
  readonly idempotencyKey: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly unitPrice: string }[];
  /** Sum of quantity × unitPrice, exact decimal text. */
  readonly total: string;
}

const KEY = /^[A-Za-z0-9-]{16,64}$/;
const SKU = /^[A-Za-z0-9._-]{1,40}$/;
const PRICE = /^\d{1,9}(?:\.\d{1,4})?$/;
const MAX_LINES = 50;
const MAX_QUANTITY = 99;

/** The request, or a sentence for the shopper that says what is wrong with it. */
export function parseOrder(body: unknown): OrderRequest | string {
  if (!isRecord(body)) return 'Expected a JSON object.';
  const { idempotencyKey, lines } = body;
  if (typeof idempotencyKey !== 'string' || !KEY.test(idempotencyKey)) return 'The request has no usable key.';
  if (!Array.isArray(lines) || lines.length === 0) return 'The basket is empty.';
  if (lines.length > MAX_LINES) return `A basket may hold at most ${MAX_LINES} different articles.`;
  const parsed: { sku: string; quantity: number; unitPrice: string }[] = [];
  for (const line of lines as unknown[]) {
    if (!isRecord(line)) return 'The basket cannot be read.';
    const { sku, quantity, unitPrice } = line;
    if (typeof sku !== 'string' || !SKU.test(sku)) return 'The basket holds an article that cannot be read.';
    if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > MAX_QUANTITY) {
      return `Expected 1 to ${MAX_QUANTITY} pieces of each article.`;
    }
    if (typeof unitPrice !== 'string' || !PRICE.test(unitPrice)) return 'The basket holds a price that cannot be read.';
    parsed.push({ sku, quantity, unitPrice });
  }
  return { idempotencyKey, lines: parsed, total: orderTotal(parsed) };
}

/** Exact, in ten-thousandths; shown with two places when they suffice. */
export function orderTotal(lines: readonly { readonly quantity: number; readonly unitPrice: string }[]): string {
  let total = 0n;
  for (const { quantity, unitPrice } of lines) {
    const [whole = '0', fraction = ''] = unitPrice.split('.');
    total += BigInt(quantity) * BigInt(`${whole}${fraction.padEnd(4, '0')}`);
  }
  const digits = total.toString().padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4).replace(/00$/, '')}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
