import type { Change } from '#consumers/runner/changes.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { command, type RedisCall, type RedisCommands, script } from '#infra/redis/client.ts';
import type { OrdersDefinition, OrderView } from '#infra/runtime/config/orders.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { commandKey, orderKey } from './orderKeys.ts';
import { COMMAND_TTL_SECONDS, MAX_HISTORY, WRITE_COMMAND, WRITE_ORDER } from './orderScripts.ts';

/** Writes every version of every order of the batch in one round trip, in the order of the records. */
export async function writeOrders(
  redis: RedisCommands,
  definition: OrdersDefinition,
  batch: RecordBatch<Change>,
  control: Pick<HandlerControl, 'reject'>,
): Promise<void> {
  const calls: RedisCall[] = [];
  for (const { value, message } of batch.records) {
    try {
      calls.push(...orderCalls(redis, definition, value));
    } catch (error) {
      control.reject(message, poison(error, 'PROJECTION_FAILED', `project of order table ${definition.table} failed`));
    }
  }
  await redis.sendAll(calls);
}

function orderCalls(redis: RedisCommands, definition: OrdersDefinition, change: Change): RedisCall[] {
  const view = change.after === null ? null : definition.project(change.after);
  if (view !== null) checkView(definition, view);
  const orderId = view?.orderId ?? formerId(definition, change);
  if (orderId === null) return [];
  const args = [
    change.position,
    view === null ? '' : JSON.stringify(view),
    view?.status ?? '',
    String(change.sourceTsMs ?? 0),
    String(MAX_HISTORY),
  ];
  return [script(WRITE_ORDER, orderKey(redis, orderId), ...args)];
}

function checkView(definition: OrdersDefinition, view: OrderView): void {
  const texts = [view.orderId, view.customerId, view.status];
  if (texts.every((text) => typeof text === 'string' && text !== '' && !/[\t\n]/u.test(text))) return;
  throw new SluiceError(
    'PROJECTION_FAILED',
    `project of order table ${definition.table} gave no { orderId, customerId, status } of plain text.`,
  );
}

/** Which order a row was that is gone or no longer shown; null when that cannot be told. */
function formerId(definition: OrdersDefinition, { before, after, key }: Change): string | null {
  for (const row of [before, { ...after, ...key }]) {
    if (row === null) continue;
    try {
      const view = definition.project(row);
      if (view !== null && typeof view.orderId === 'string') return view.orderId;
    } catch {
      // The projection wants columns that are not there: this image tells nothing.
    }
  }
  return null;
}

/** Columns of storefront.COMMAND that the read side needs. */
interface CommandRow {
  readonly COMMAND_ID: string;
  readonly COMMAND_NAME: string;
  readonly ORDER_ID: string | null;
}

/** Notes which commands have come by in the change stream. */
export async function writeCommands(redis: RedisCommands, batch: RecordBatch<Change>): Promise<void> {
  const calls = batch.records.flatMap(({ value: { after, position } }): RedisCall[] => {
    if (after === null) return [];
    const { COMMAND_ID, COMMAND_NAME, ORDER_ID } = after as unknown as CommandRow;
    const key = commandKey(redis, COMMAND_ID);
    const text = JSON.stringify({ commandName: COMMAND_NAME, orderId: ORDER_ID });
    return [script(WRITE_COMMAND, key, position, text), command('EXPIRE', key, COMMAND_TTL_SECONDS)];
  });
  await redis.sendAll(calls);
}
