import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import type { OrderLine, OrderView } from '#infra/runtime/config/orders.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { OrderStatus, OrderStep } from './orderTypes.ts';

/** Fields of an order's hash that {@link parseOrder} reads, in its order. */
export const ORDER_FIELDS = ['v', 't', 'h', 'p'] as const;

/** Reads the fields of an order's hash, and its lines where there are any; null when there is no order to show. */
export function parseOrder(
  [view, atMs, steps, position]: readonly (string | null)[],
  lines?: readonly string[],
): OrderStatus | null {
  if (!view) return null;
  const parsed = JSON.parse(view) as OrderView;
  const history = shownSteps(steps ?? '', parsed.status, Number(atMs));
  return {
    ...parsed,
    position: position ?? '',
    statusAt: history.at(-1)!.at,
    history,
    ...(lines === undefined ? {} : { lines: parseLines(lines) }),
  };
}

/**
 * Steps as shown. One that was seen changing is always shown; one that was only seen (a snapshot row) when it differs from the one before it:
 * then the change itself was missed. The last is always the present status.
 */
function shownSteps(text: string, status: string, atMs: number): OrderStep[] {
  const shown: OrderStep[] = [];
  for (const line of text.split('\n')) {
    const [, kind, word, ms] = line.split('\t');
    if (word === undefined) continue;
    if (kind === 's' || shown.at(-1)?.status !== word) shown.push({ status: word, at: iso(Number(ms)) });
  }
  if (shown.at(-1)?.status !== status) shown.push({ status, at: iso(atMs) });
  return shown;
}

/** The newest step of a history as it is kept; null for one without steps. */
export function lastStep(text: string): { readonly position: string; readonly status: string } | null {
  const [position, , status] = text.slice(text.lastIndexOf('\n') + 1).split('\t');
  return position === undefined || status === undefined ? null : { position, status };
}

function parseLines(fields: readonly string[]): Omit<OrderLine, 'orderId'>[] {
  const lines = fields.flatMap((text) =>
    text.length > POSITION_LENGTH ? [JSON.parse(text.slice(POSITION_LENGTH)) as Omit<OrderLine, 'orderId'>] : [],
  );
  return lines.sort((a, b) => a.lineId.localeCompare(b.lineId, 'en', { numeric: true }));
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A page's end as text for callers: it says nothing that the page did not. */
export function cursorText(member: string): string {
  return Buffer.from(member).toString('base64url');
}

const MEMBER = /^\d{14}\t[^\t\n]{20,400}\t[^\t\n]{1,400}$/u;

/** @throws ORDER_REQUEST_INVALID for text that no page gave */
export function cursorMember(cursor: string): string {
  const member = Buffer.from(cursor, 'base64url').toString('utf8');
  if (MEMBER.test(member)) return member;
  throw new SluiceError('ORDER_REQUEST_INVALID', 'Expected the nextCursor of a page of orders, found something else.');
}
