import { createHash } from 'node:crypto';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import type { SluiceError } from '#infra/runtime/errors.ts';

/** Where a record stood that a group could not handle. */
export interface LetterPlace {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** What a letter tells besides the record itself. */
export interface LetterFacts extends LetterPlace {
  /** Short name for people: the same for the same record and group. */
  readonly id: string;
  readonly code: string;
  readonly message: string;
  /** Times the record was tried. */
  readonly attempts: number;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** Position in the source, when the record has one. */
  readonly position: string | null;
  /** Key of the record as it stood; null when it has none. */
  readonly key: Buffer | null;
  /** The rows a document could not be built from, the first hundred; empty for a record that is no mark. */
  readonly rows: readonly LetterRow[];
}

/** One row of a document that could not be built. */
export interface LetterRow {
  /** `root` or the name of the join. */
  readonly alias: string;
  readonly table: string;
  /** Its key columns as JSON. */
  readonly key: string;
  /** Position of the version that went in. */
  readonly position: string;
}

/** Rows named in one letter: keeps it well below the largest record Kafka takes. */
const MOST_ROWS = 100;

const PREFIX = 'sluice.dead.';

/** Key of a letter in its compacted topic. */
export function letterKey({ groupId, topic, partition, offset }: LetterPlace): Buffer {
  return Buffer.from(`${groupId}|${topic}|${partition}|${offset}`);
}

/** Twelve hexadecimal digits that stand for a letter on the command line. */
export function letterId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}

/** The headers of a letter. A record that comes from a redelivery keeps its first time and counts on. */
export function deadHeaders(
  groupId: string,
  message: IncomingMessage,
  error: SluiceError,
  nowMs: number,
  rows: readonly LetterRow[] = [],
): Record<string, string | Buffer> {
  const at = new Date(nowMs).toISOString();
  const { headers } = message;
  return {
    ...recordHeaders(groupId, message),
    [`${PREFIX}code`]: error.code,
    [`${PREFIX}message`]: error.message,
    [`${PREFIX}attempts`]: String(Number(text(headers, 'attempts') ?? 0) + 1),
    [`${PREFIX}first-at`]: text(headers, 'first-at') ?? at,
    [`${PREFIX}at`]: at,
    ...(rows.length > 0 && { [`${PREFIX}rows`]: JSON.stringify(rows.slice(0, MOST_ROWS)) }),
  };
}

/** Headers from which `originalOf` makes the record again, for a group that shall handle it. */
export function recordHeaders(groupId: string, message: IncomingMessage): Record<string, string | Buffer> {
  return {
    [`${PREFIX}group`]: groupId,
    [`${PREFIX}topic`]: message.topic,
    [`${PREFIX}partition`]: String(message.partition),
    [`${PREFIX}offset`]: String(message.offset),
    ...(message.key !== null && { [`${PREFIX}key`]: message.key }),
    ...(message.value === null && { [`${PREFIX}null-value`]: 'true' }),
  };
}

/** True for a record that was a dead letter, false for one that is only replayed. */
export function wasDeadLetter(message: IncomingMessage): boolean {
  return text(message.headers, 'code') !== undefined;
}

/** The facts of a letter; null for a record that is none. */
export function letterFacts(letter: IncomingMessage): LetterFacts | null {
  const { headers } = letter;
  const [groupId, topic, partition, offset] = ['group', 'topic', 'partition', 'offset'].map((n) => text(headers, n));
  if (groupId === undefined || topic === undefined || partition === undefined || offset === undefined) return null;
  const place = { groupId, topic, partition: Number(partition), offset: BigInt(offset) };
  const lastAt = text(headers, 'at') ?? new Date(letter.timestampMs).toISOString();
  return {
    ...place,
    id: letterId(letterKey(place)),
    code: text(headers, 'code') ?? '',
    message: text(headers, 'message') ?? '',
    attempts: Number(text(headers, 'attempts') ?? 1),
    firstAt: text(headers, 'first-at') ?? lastAt,
    lastAt,
    position: headers['sluice.position']?.toString('utf8') ?? null,
    key: headers[`${PREFIX}key`] ?? null,
    rows: JSON.parse(text(headers, 'rows') ?? '[]') as LetterRow[],
  };
}

/** The record as it stood where it could not be handled; its headers keep `sluice.dead.*`. Null for a record that is no letter. */
export function originalOf(letter: IncomingMessage): IncomingMessage | null {
  const facts = letterFacts(letter);
  if (facts === null) return null;
  const { topic, partition, offset } = facts;
  return {
    topic,
    partition,
    offset,
    timestampMs: letter.timestampMs,
    key: letter.headers[`${PREFIX}key`] ?? null,
    value: text(letter.headers, 'null-value') === 'true' ? null : letter.value,
    headers: letter.headers,
  };
}

/** Place of a record for this group. */
export function placeOf(groupId: string, { topic, partition, offset }: IncomingMessage): LetterPlace {
  return { groupId, topic, partition, offset };
}

function text(headers: IncomingMessage['headers'], name: string): string | undefined {
  return headers[PREFIX + name]?.toString('utf8');
}
