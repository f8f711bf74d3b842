import type { Change } from '#consumers/runner/changes.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { HandlerControl, RecordBatch } from '#consumers/runner/runner.ts';
import { command, type RedisCall, type RedisCommands, script } from '#infra/redis/client.ts';
import type { StockDefinition, StockEventsDefinition } from '#infra/runtime/config/stock.ts';
import { type LevelWrite, levelWrites } from './levelWrites.ts';
import { eventOf, type StockEvent } from './stockEvents.ts';
import { alertKey, changesKey, goneKey, levelText, STREAM_LENGTH, skuKey, skuTag } from './stockKeys.ts';
import { ADD_CHANGES, WRITE_STOCK } from './stockScripts.ts';

/** Levels in one script call, and changes in one: no call keeps Redis from others for long. */
const LEVELS_AT_ONCE = 500;

export interface StockSink {
  readonly redis: RedisCommands;
  readonly definition: StockDefinition;
  readonly now: () => number;
  /** Resolves when the events are stored. There where the definition wants events. */
  sendEvents?(events: readonly StockEvent[], signal: AbortSignal): Promise<void>;
}

/** A level that was written, and the event the script told with it. */
interface Written {
  readonly write: LevelWrite;
  readonly status: string;
  readonly event: StockEvent | null;
}

/**
 * Writes a batch of changes: one round trip for the levels, one for the change stream. A level only ever moves to a higher position,
 * whoever writes. Events are stored before they count as told, so a writer that stops in between tells them again with the same id.
 * Resolves with the commit times of the changes that are now acknowledged by Redis.
 */
export async function writeStock(
  sink: StockSink,
  batch: RecordBatch<Change>,
  control: Pick<HandlerControl, 'reject' | 'signal'>,
): Promise<{ readonly levels: number; readonly sourceTsMs: readonly number[]; readonly events: number }> {
  const { redis, definition } = sink;
  const writes: LevelWrite[] = [];
  for (const { value, message } of batch.records) {
    try {
      writes.push(...levelWrites(definition, value, (error) => control.reject(message, error)));
    } catch (error) {
      control.reject(message, poison(error, 'PROJECTION_FAILED', 'stock'));
    }
  }
  const written = await writeLevels(sink, writes);
  const events = written.flatMap(({ event }) => event ?? []);
  if (events.length > 0) await sink.sendEvents?.(events, control.signal);
  await announce(redis, written);
  await settle(redis, written, definition.events);
  const times = writes.flatMap(({ sourceTsMs }) => sourceTsMs ?? []);
  return { levels: writes.length, sourceTsMs: times, events: events.length };
}

/** Writes of one hash tag, by sku, for one call of the script. */
type TagGroup = Map<string, LevelWrite[]>;

async function writeLevels({ redis, definition, now }: StockSink, writes: readonly LevelWrite[]): Promise<Written[]> {
  const groups = grouped(writes);
  const answers = (await redis.sendAll(
    groups.map((group) => writeCall(redis, definition.events, group, now())),
  )) as string[][];
  return groups.flatMap((group, index) => {
    const own = [...group.values()].flat();
    return own.map((write, place): Written => {
      const [status, told] = answers[index]![place]!.split('!') as [string, string | undefined];
      const event = told === undefined ? null : eventOf(write, definition.events!.scope, told);
      return { write, status, event };
    });
  });
}

/** By tag and sku, in the order they came; a tag with many writes makes several groups, each sku's writes following one another. */
function grouped(writes: readonly LevelWrite[]): TagGroup[] {
  const open = new Map<string, { readonly group: TagGroup; size: number }>();
  const groups: TagGroup[] = [];
  for (const write of writes) {
    const tag = skuTag(write.sku);
    let entry = open.get(tag);
    if (entry === undefined || entry.size >= LEVELS_AT_ONCE) {
      entry = { group: new Map(), size: 0 };
      open.set(tag, entry);
      groups.push(entry.group);
    }
    const list = entry.group.get(write.sku);
    if (list === undefined) entry.group.set(write.sku, [write]);
    else list.push(write);
    entry.size++;
  }
  return groups;
}

function writeCall(
  redis: RedisCommands,
  events: StockEventsDefinition | undefined,
  group: TagGroup,
  nowMs: number,
): RedisCall {
  const skus = [...group.keys()];
  const keys = [
    ...skus.map((sku) => skuKey(redis, sku)),
    ...(events ? skus.map((sku) => alertKey(redis, sku)) : []),
    goneKey(redis, skuTag(skus[0]!)),
  ];
  const oldestMs = nowMs - (events?.maxAgeSeconds ?? 0) * 1000;
  const levels = [...group].flatMap(([sku, list]) => [
    sku,
    list.length,
    ...list.flatMap(({ location, position, level, lowAt, sourceTsMs }) => [
      location,
      position,
      levelText(level),
      lowAt ?? '',
      sourceTsMs !== null && sourceTsMs >= oldestMs ? '1' : '0',
    ]),
  ]);
  const { scope = 'sku', backAt = 1, recoverAbove = 1 } = events ?? {};
  const head = [skus.length, events ? '1' : '0', scope, backAt, recoverAbove, nowMs];
  return script(WRITE_STOCK, keys.length, ...keys, ...head, ...levels);
}

/** A change that is stored already is told again: the writer before may have stopped in between. Snapshot rows tell news only. */
function isNews({ status, write, event }: Written): boolean {
  return status === 'changed' || event !== null || (status === 'same' && write.sourceTsMs !== null);
}

async function announce(redis: RedisCommands, written: readonly Written[]): Promise<void> {
  const places = new Map<string, readonly [string, string, string]>();
  for (const entry of written) {
    if (!isNews(entry)) continue;
    const { sku, location } = entry.write;
    const event = entry.event === null ? '' : JSON.stringify(entry.event);
    places.set(JSON.stringify([sku, location, entry.event?.id]), [sku, location, event]);
  }
  const entries = [...places.values()];
  const calls: RedisCall[] = [];
  for (let i = 0; i < entries.length; i += LEVELS_AT_ONCE) {
    const part = entries.slice(i, i + LEVELS_AT_ONCE);
    calls.push(script(ADD_CHANGES, changesKey(redis), STREAM_LENGTH, ...part.flat()));
  }
  await redis.sendAll(calls);
}

/** The events are told: nobody has to tell them again. */
async function settle(
  redis: RedisCommands,
  written: readonly Written[],
  events: StockEventsDefinition | undefined,
): Promise<void> {
  const told = written.filter(({ event }) => event !== null);
  await redis.sendAll(
    told.map(({ write: { sku, location, position } }) => {
      const place = events?.scope === 'location' ? location : '';
      return command('HDEL', alertKey(redis, sku), `e:${place}\n${position}`);
    }),
  );
}
