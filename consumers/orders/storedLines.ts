import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import { command, type RedisClient, type RedisCommands, script } from '#infra/redis/client.ts';
import { linesKey } from './orderKeys.ts';
import { GONE_TTL_SECONDS, WRITE_LINE } from './orderScripts.ts';
import { scanMembers } from './scanMembers.ts';

/** Which line of which order. */
export interface LineName {
  readonly orderId: string;
  readonly lineId: string;
}

/** A line as it is stored, one that is gone too. */
export interface StoredLine extends LineName {
  readonly position: string;
  /** JSON of the line; empty for one that is gone. */
  readonly text: string;
}

/** The stored lines with these names, in one round trip; undefined for one nobody knows. */
export async function readLines(redis: RedisCommands, names: readonly LineName[]): Promise<(StoredLine | undefined)[]> {
  const calls = names.map(({ orderId, lineId }) => command('HGET', linesKey(redis, orderId), lineId));
  const texts = (await redis.sendAll(calls)) as (string | null)[];
  return names.map((name, i) => (texts[i] == null ? undefined : toStored(name, texts[i])));
}

/** Every stored line by pages, in no order; one that changes meanwhile is given once or twice. */
export async function* scanStoredLines(redis: RedisClient): AsyncGenerator<readonly StoredLine[]> {
  const [head, tail] = linesKey(redis, '\u0000').split('\u0000') as [string, string];
  for await (const page of scanMembers(redis, 'HSCAN', `${head}*${tail}`))
    yield page.map(([key, lineId, text]) => toStored({ orderId: key.slice(head.length, -tail.length), lineId }, text));
}

/** Sets a line's position below every real one, if it is still this one: whatever is written next is taken. */
export async function lowerLine(
  redis: RedisCommands,
  { orderId, lineId }: LineName,
  position: string,
): Promise<boolean> {
  return (await redis.send(script(LOWER_POSITION, linesKey(redis, orderId), lineId, position))) === 1;
}

/** Takes a line away at this position, unless a newer one is stored: as a delete at that position does. */
export async function removeLine(redis: RedisCommands, { orderId, lineId }: LineName, position: string): Promise<void> {
  await redis.send(script(WRITE_LINE, linesKey(redis, orderId), lineId, position, '', String(GONE_TTL_SECONDS)));
}

function toStored(name: LineName, text: string): StoredLine {
  return { ...name, position: text.slice(0, POSITION_LENGTH), text: text.slice(POSITION_LENGTH) };
}
