import type { Change } from '#consumers/runner/changes.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import type { OrdersDefinition, OrderView } from '#infra/runtime/config/orders.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/**
 * What one change of the order table means, told from the change alone: the row before and after it. So it is the same however often and in
 * whatever order changes come.
 */
export interface OrderChange {
  readonly orderId: string;
  readonly position: string;
  /** Commit time, ms since 1970; null for a tombstone whose delete was compacted away. */
  readonly atMs: number | null;
  /** null: the order is gone or not shown any more. */
  readonly view: OrderView | null;
  /** What was shown before; null: nothing was, undefined: this change does not tell (a snapshot row). */
  readonly before: OrderView | null | undefined;
}

/** Whether a change brought a status (`changed`), only shows one (`seen`), or neither. */
export function stepOf({ view, before }: OrderChange): 'changed' | 'seen' | 'none' {
  if (view === null) return 'none';
  if (before === undefined) return 'seen';
  return before?.status === view.status ? 'none' : 'changed';
}

/**
 * null when the change is of no order that is or was shown.
 * @throws PROJECTION_FAILED or what the user's function throws, for the row as it is after the change
 */
export function orderChange(definition: OrdersDefinition, change: Change): OrderChange | null {
  const { after, before, op, position, sourceTsMs } = change;
  const view = after === null ? null : checkedView(definition, definition.project(after));
  const former = op === 'c' ? null : before === null ? undefined : formerView(definition, before);
  const orderId = view?.orderId ?? former?.orderId ?? goneId(definition, change);
  if (orderId === null) return null;
  return { orderId, position, atMs: sourceTsMs, view, before: former };
}

function checkedView(definition: OrdersDefinition, view: OrderView | null): OrderView | null {
  if (view === null) return null;
  const texts = [view.orderId, view.customerId, view.status];
  if (texts.every((text) => typeof text === 'string' && text !== '' && !/[\t\n]/u.test(text))) return view;
  throw new SluiceError(
    'PROJECTION_FAILED',
    `project of order table ${definition.table} gave no { orderId, customerId, status } of plain text.`,
  );
}

/** An earlier image that cannot be projected tells nothing; the later one decides whether the record is sound. */
function formerView(definition: OrdersDefinition, row: Row): OrderView | null | undefined {
  try {
    return checkedView(definition, definition.project(row));
  } catch {
    return undefined;
  }
}

/** Which order a row was that is gone or not shown; null when that cannot be told. */
function goneId(definition: OrdersDefinition, { after, key }: Change): string | null {
  const row = { ...after, ...key };
  try {
    return definition.id?.(row) ?? definition.project(row)?.orderId ?? null;
  } catch {
    // The projection wants columns that are not there.
    return null;
  }
}
