import { letterFacts, originalOf } from '#consumers/runner/letterFormat.ts';
import type { ListedLetter } from '#consumers/runner/letterReader.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import { ERROR_CODES, type ErrorCode } from '#infra/runtime/errorCodes.ts';
import { describeError } from '#infra/runtime/errors.ts';
import type { Decoder as FullDecoder } from '#schemas/codec.ts';
import { formatTable } from './output.ts';

type Decoder = Pick<FullDecoder, 'decode'>;

/** A letter for people: everything but the record's value and headers, so that a list shows no rows. */
export type LetterView = Omit<ListedLetter, 'at' | 'key'> & {
  /** Columns of the key; text or hexadecimal bytes when it is no record of the registry's. */
  readonly key: unknown;
  /** The key as it stood, base64. */
  readonly keyBytes: string | null;
};

/** Characters of a key or reason in a list. */
const CELL = 60;

/** The letter with its key decoded. */
export async function letterView({ at: _, key, ...facts }: ListedLetter, decoder: Decoder): Promise<LetterView> {
  return { ...facts, key: await keyOf(key, decoder), keyBytes: key?.toString('base64') ?? null };
}

/** True when the decoded key has these columns, compared as text without trailing spaces. */
export function hasKey({ key }: LetterView, wanted: ReadonlyMap<string, string>): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const columns = key as Readonly<Record<string, unknown>>;
  return [...wanted].every(([name, text]) => name in columns && String(columns[name]).trimEnd() === text);
}

/** A stored letter with its whole record: decoded as far as possible, and every byte as base64. */
export async function letterRecord(stored: IncomingMessage, view: LetterView, decoder: Decoder) {
  const original = originalOf(stored)!;
  const headers = Object.fromEntries(
    Object.entries(original.headers).flatMap(([name, value]) =>
      name.startsWith('sluice.dead.') ? [] : [[name, value.toString('utf8')]],
    ),
  );
  return {
    ...view,
    ...letterFacts(stored),
    key: view.key,
    hint: hintOf(view),
    record: {
      key: await partOf(original.key, decoder),
      value: await partOf(original.value, decoder),
      headers,
      keyBytes: view.keyBytes,
      valueBytes: original.value?.toString('base64') ?? null,
    },
  };
}

/** What the error's code advises. */
function hintOf({ code }: Pick<LetterView, 'code'>): string {
  return code in ERROR_CODES ? ERROR_CODES[code as ErrorCode].remedy : '';
}

/** A line for each letter. */
export function lettersTable(letters: readonly LetterView[]): string {
  const rows = letters.map((l) => [
    l.id,
    l.groupId,
    placeOf(l),
    cut(keyText(l.key)),
    l.code,
    l.attempts,
    l.firstAt,
    l.lastAt,
    cut(oneLine(l.message)),
  ]);
  const heading = ['id', 'group', 'record', 'key', 'code', 'attempts', 'first tried', 'last tried', 'reason'];
  return formatTable([heading, ...rows]);
}

/** `3 dead letters: PROJECTION_FAILED 2, RECORD_UNREADABLE 1`. */
export function lettersSummary(letters: readonly Pick<LetterView, 'code'>[]): string {
  const counts = [...Map.groupBy(letters, ({ code }) => code)].sort(([, a], [, b]) => b.length - a.length);
  const noun = letters.length === 1 ? 'dead letter' : 'dead letters';
  return `${letters.length} ${noun}: ${counts.map(([code, list]) => `${code} ${list.length}`).join(', ')}`;
}

/** One letter in lines, with what may be done about it; the record's value comes after it. */
export function letterText(l: LetterView): string {
  const lines = [
    ['letter', l.id],
    ['group', l.groupId],
    ['record', placeOf(l)],
    ['position', l.position ?? 'none: the record has no position in the source'],
    ['key', keyText(l.key)],
    ['error', l.code],
    ['reason', oneLine(l.message)],
    ['advice', hintOf(l)],
    ['attempts', `${l.attempts}, first ${l.firstAt}, last ${l.lastAt}`],
    ...l.rows.map((row) => ['row', oneLine(`${row.alias}: ${row.table} ${row.key} at ${row.position}`)]),
  ];
  return formatTable(lines as string[][]);
}

const placeOf = ({ topic, partition, offset }: LetterView): string => `${topic}/${partition}@${offset}`;

function keyText(key: unknown): string {
  if (key === null) return '(none)';
  if (typeof key === 'string') return oneLine(key);
  return oneLine(JSON.stringify(key, (_name, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)));
}

/** Text from a record or a user's function must not steer the terminal. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
const cut = (text: string): string => (text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text);

/** Keys of rows are in the registry's format, keys of marks are text. */
async function keyOf(key: Buffer | null, decoder: Decoder): Promise<unknown> {
  if (key === null) return null;
  try {
    return await decoder.decode(key);
  } catch {
    const text = key.toString('utf8');
    if (/[\p{Cc}\uFFFD]/u.test(text)) return `0x${key.toString('hex')}`;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
}

/** The value as an object, or the reason why it is none. */
async function partOf(bytes: Buffer | null, decoder: Decoder): Promise<unknown> {
  if (bytes === null) return null;
  try {
    return await decoder.decode(bytes);
  } catch (error) {
    return { undecoded: describeError(error), bytes: bytes.length };
  }
}
