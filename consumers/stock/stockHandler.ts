import type { Change } from '#consumers/runner/changes.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { command, type RedisCommands, script } from '#infra/redis/client.ts';
import type { StockDefinition, StockLevel } from '#infra/runtime/config/stock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { changesKey, levelText, STREAM_LENGTH, skuKey } from './stockKeys.ts';
import { WRITE_STOCK } from './stockScripts.ts';

/** One level to be kept; null takes it away. */
export interface LevelWrite {
  readonly sku: string;
  readonly location: string;
  readonly position: string;
  readonly level: { readonly onHand: number; readonly reserved: number } | null;
  /** Commit time for the latency figures; null for snapshot rows. */
  readonly sourceTsMs: number | null;
}

/**
 * What a change means for stock levels: the new level, and the old place taken away when the row moved to another sku or location, no
 * longer counts, or is gone. @throws PROJECTION_FAILED
 */
export function levelWrites(definition: StockDefinition, change: Change): LevelWrite[] {
  const { position, op } = change;
  const sourceTsMs = op === 'r' ? null : change.sourceTsMs;
  const after = change.after === null ? null : checked(definition, change.after);
  const before = place(definition, change);
  const writes: LevelWrite[] = [];
  if (after !== null) writes.push({ sku: after.sku, location: after.location, position, level: after, sourceTsMs });
  if (before !== null && (before.sku !== after?.sku || before.location !== after.location))
    writes.push({ ...before, position, level: null, sourceTsMs });
  return writes;
}

function checked(definition: StockDefinition, row: NonNullable<Change['after']>): StockLevel | null {
  let level: StockLevel | null;
  try {
    level = definition.project(row);
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `project of stock table ${definition.table} failed`);
  }
  if (level === null) return null;
  if (isPlace(level) && Number.isSafeInteger(level.onHand) && Number.isSafeInteger(level.reserved)) return level;
  throw new SluiceError(
    'PROJECTION_FAILED',
    `project of stock table ${definition.table} gave no { sku, location, onHand, reserved } with whole numbers.`,
  );
}

/** Where the row counted before: by its old image, else by its key columns alone, as far as the projection can tell from these. */
function place(definition: StockDefinition, change: Change): { sku: string; location: string } | null {
  for (const row of [change.before, { ...change.after, ...change.key }]) {
    if (row === null) continue;
    try {
      const level = definition.project(row);
      if (level !== null && isPlace(level)) return { sku: level.sku, location: level.location };
    } catch {
      // The projection wants columns that are not there: this image tells nothing.
    }
  }
  return null;
}

const isPlace = ({ sku, location }: StockLevel): boolean =>
  typeof sku === 'string' && sku !== '' && typeof location === 'string' && location !== '';

/**
 * Writes a batch of changes: one round trip for the levels, one for the change stream. A level only ever moves to a higher position,
 * whoever writes. Resolves with the commit times of the changes that are now acknowledged by Redis.
 */
export async function writeStock(
  redis: RedisCommands,
  definition: StockDefinition,
  batch: RecordBatch<Change>,
  control: Pick<HandlerControl, 'reject'>,
): Promise<{ readonly levels: number; readonly sourceTsMs: readonly number[] }> {
  const writes: LevelWrite[] = [];
  for (const { value, message } of batch.records) {
    try {
      writes.push(...levelWrites(definition, value));
    } catch (error) {
      control.reject(message, poison(error, 'PROJECTION_FAILED', 'stock'));
    }
  }
  const bySku = new Map<string, LevelWrite[]>();
  for (const write of writes) {
    const group = bySku.get(write.sku);
    if (group === undefined) bySku.set(write.sku, [write]);
    else group.push(write);
  }
  const groups = [...bySku];
  const answers = (await redis.sendAll(
    groups.map(([sku, group]) => script(WRITE_STOCK, skuKey(redis, sku), ...group.flatMap(toArguments))),
  )) as string[][];
  const touched = groups.flatMap(([, group], index) =>
    group.filter((write, place) => isNews(answers[index]![place]!, write)),
  );
  await announce(redis, touched);
  const times = writes.flatMap(({ sourceTsMs }) => sourceTsMs ?? []);
  return { levels: writes.length, sourceTsMs: times };
}

const toArguments = ({ location, position, level }: LevelWrite): string[] => [location, position, levelText(level)];

/** A change that is stored already is told again: the writer before may have stopped in between. Snapshot rows tell news only. */
function isNews(answer: string, write: LevelWrite): boolean {
  return answer === 'changed' || (answer === 'same' && write.sourceTsMs !== null);
}

async function announce(redis: RedisCommands, writes: readonly LevelWrite[]): Promise<void> {
  const places = new Map(writes.map(({ sku, location }) => [JSON.stringify([sku, location]), { sku, location }]));
  const key = changesKey(redis);
  await redis.sendAll(
    [...places.values()].map(({ sku, location }) =>
      command('XADD', key, 'MAXLEN', '~', STREAM_LENGTH, '*', 'sku', sku, 'location', location),
    ),
  );
}
