import type { Change } from '#consumers/runner/changes.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { command, type RedisCall, type RedisCommands, script } from '#infra/redis/client.ts';
import type { OrderLinesDefinition, OrdersDefinition } from '#infra/runtime/config/orders.ts';
import { type OrderChange, orderChange, stepOf } from './orderChange.ts';
import { commandKey, customerKey, customerStampsKey, linesKey, listMember, orderKey } from './orderKeys.ts';
import {
  COMMAND_TTL_SECONDS,
  ENTER_CUSTOMER,
  GONE_TTL_SECONDS,
  LEAVE_CUSTOMER,
  MAX_HISTORY,
  SETTLE_ORDER,
  WRITE_COMMAND,
  WRITE_LINE,
  WRITE_ORDER,
} from './orderScripts.ts';

type Reject = Pick<HandlerControl, 'reject'>;
const KINDS = { changed: 's', seen: 'w', none: '' } as const;

/**
 * Writes every version of every order of the batch, in three round trips: the order is named in its customer's list, then written, then
 * taken out of the lists of customers it had before. Killed between any two, the batch comes again and finds what is left to do. So a
 * list always names every order of its customer; what it names too much the reader sees at the order itself.
 */
export async function writeOrders(
  redis: RedisCommands,
  definition: OrdersDefinition,
  batch: RecordBatch<Change>,
  control: Reject,
): Promise<void> {
  const changes: OrderChange[] = [];
  for (const { value, message } of batch.records) {
    try {
      const change = orderChange(definition, value);
      if (change !== null) changes.push(change);
    } catch (error) {
      control.reject(message, poison(error, 'PROJECTION_FAILED', `project of order table ${definition.table} failed`));
    }
  }
  await redis.sendAll(changes.flatMap((change) => enterCalls(redis, change)));
  const answers = (await redis.sendAll(changes.map((change) => writeCall(redis, change)))) as WriteAnswer[];
  await redis.sendAll(changes.flatMap((change, i) => leaveCalls(redis, change, answers[i]!)));
}

/** Taken (1) or older than what is there (0), position and customer that are there now, customers whose lists are not in order yet. */
type WriteAnswer = readonly [taken: number, position: string, customer: string, earlier: string];

function enterCalls(redis: RedisCommands, { orderId, position, view }: OrderChange): RedisCall[] {
  if (view === null) return [];
  const keys = listKeys(redis, view.customerId);
  return [script(ENTER_CUSTOMER, ...keys, orderId, position, listMember(orderId, view.placedAt))];
}

function writeCall(redis: RedisCommands, change: OrderChange): RedisCall {
  const { orderId, position, view, atMs } = change;
  return script(
    WRITE_ORDER,
    orderKey(redis, orderId),
    position,
    view === null ? '' : JSON.stringify(view),
    view?.customerId ?? '',
    String(atMs ?? 0),
    KINDS[stepOf(change)],
    view?.status ?? '',
    String(MAX_HISTORY),
    String(GONE_TTL_SECONDS),
  );
}

function leaveCalls(redis: RedisCommands, change: OrderChange, answer: WriteAnswer): RedisCall[] {
  const [taken, position, customer, earlier] = answer;
  const { orderId, view } = change;
  const left = new Set(earlier.split('\t'));
  // A version that came too late has just named the order in the list of a customer who may not have it any more.
  if (taken === 0 && view !== null && view.customerId !== customer) left.add(view.customerId);
  left.delete('');
  const leave = [...left].map((name) => script(LEAVE_CUSTOMER, ...listKeys(redis, name), orderId, position));
  return earlier === '' ? leave : [...leave, script(SETTLE_ORDER, orderKey(redis, orderId), position, earlier)];
}

function listKeys(redis: RedisCommands, customerId: string): readonly [string, string] {
  return [customerKey(redis, customerId), customerStampsKey(redis, customerId)];
}

/** Writes every version of every line of the batch in one round trip. */
export async function writeLines(
  redis: RedisCommands,
  definition: OrderLinesDefinition,
  batch: RecordBatch<Change>,
  control: Reject,
): Promise<void> {
  const calls: RedisCall[] = [];
  for (const { value, message } of batch.records) {
    try {
      calls.push(lineCall(redis, definition, value));
    } catch (error) {
      control.reject(message, poison(error, 'PROJECTION_FAILED', `project of order table ${definition.table} failed`));
    }
  }
  await redis.sendAll(calls);
}

function lineCall(redis: RedisCommands, definition: OrderLinesDefinition, change: Change): RedisCall {
  const { orderId, lineId } = definition.id({ ...(change.after ?? change.before), ...change.key });
  const line = change.after === null ? null : definition.project(change.after);
  const text = line === null ? '' : JSON.stringify({ lineId, ...line });
  return script(WRITE_LINE, linesKey(redis, orderId), lineId, change.position, text, String(GONE_TTL_SECONDS));
}

/** Columns of storefront.COMMAND that the read side needs. */
interface CommandRow {
  readonly COMMAND_ID: string;
  readonly COMMAND_NAME: string;
  readonly ORDER_ID: string | null;
  /** Number of the refusal; not there before the table had the column. */
  readonly REFUSAL?: number | null;
  readonly RESULT?: string | null;
}

/** A refused command whose answer names no problem. */
const REFUSED = 'refused';
const PROBLEM = /^[a-z][a-z-]{0,59}$/u;

/** Notes which commands have come by in the change stream. */
export async function writeCommands(redis: RedisCommands, batch: RecordBatch<Change>): Promise<void> {
  const calls = batch.records.flatMap(({ value: { after, position, sourceTsMs } }): RedisCall[] => {
    if (after === null) return [];
    const row = after as unknown as CommandRow;
    const key = commandKey(redis, row.COMMAND_ID);
    const text = JSON.stringify({
      commandName: row.COMMAND_NAME,
      orderId: row.ORDER_ID,
      atMs: sourceTsMs,
      refusal: (row.REFUSAL ?? null) === null ? null : refusalWord(row.RESULT),
    });
    return [script(WRITE_COMMAND, key, position, text), command('EXPIRE', key, COMMAND_TTL_SECONDS)];
  });
  await redis.sendAll(calls);
}

/** Only the word: the rest of the answer may hold more than whoever asks here may see. */
function refusalWord(result: string | null | undefined): string {
  try {
    const { problem } = JSON.parse(result ?? '') as { problem?: unknown };
    return typeof problem === 'string' && PROBLEM.test(problem) ? problem : REFUSED;
  } catch {
    return REFUSED;
  }
}
