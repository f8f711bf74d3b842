import { hasCode, SluiceError } from '#infra/runtime/errors.ts';

/**
 * What an operator can ask of a running capture. Each takes effect once, between two windows: the offset it was read at is stored with the
 * state it leads to.
 */
export type CaptureSignal =
  /** Nothing is read or written until `resume`; the source is still watched. */
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Reads a table again, or the rows of it that fit. Without an `id` its offset names it. */
  | {
      readonly type: 'snapshot';
      readonly id?: string;
      readonly table: string;
      readonly where?: string;
      readonly fromKey?: readonly string[];
      readonly toKey?: readonly string[];
      /** Exactly these keys, at most MAX_KEYS: a key that has no row is told as a delete. Not together with a condition or a range. */
      readonly keys?: readonly (readonly string[])[];
    }
  /** Without an id: every snapshot, the first one of a table included. */
  | { readonly type: 'pause-snapshot' | 'resume-snapshot' | 'stop-snapshot'; readonly id?: string }
  /** Lets a stopped table go on: from where it stopped, or with a new snapshot. */
  | { readonly type: 'resume-table'; readonly table: string; readonly how: 'catch-up' | 'snapshot' }
  /** Writes a line into the log: shows that signals arrive. */
  | { readonly type: 'log'; readonly message: string };

/** A signal as it came; one that cannot be understood is reported and passed by. */
export type ReceivedSignal = {
  /** Offset of the signal, decimal text. */
  readonly offset: string;
} & (
  | { readonly signal: CaptureSignal; readonly error?: undefined }
  | { readonly signal?: undefined; readonly error: SluiceError }
);

/** Brings signals. */
export interface SignalSource {
  /** What arrived from this offset on (null: from the beginning), in order; empty when there is nothing new. Answers at once. */
  read(from: string | null, signal: AbortSignal): Promise<readonly ReceivedSignal[]>;
}

type Fields = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<CaptureSignal['type'], readonly string[]>> = {
  pause: [],
  resume: [],
  snapshot: ['id', 'table', 'where', 'fromKey', 'toKey', 'keys'],
  'pause-snapshot': ['id'],
  'resume-snapshot': ['id'],
  'stop-snapshot': ['id'],
  'resume-table': ['table', 'how'],
  log: ['message'],
};

const TABLE = /^[^.\s[\]]+(\.[^.[\]]+){1,2}$/;
const MAX_TEXT = 4000;
/** Keys one signal may name: they stay in the stored state until they are read. */
export const MAX_KEYS = 500;

function invalid(expected: string, found: unknown): SluiceError {
  const shown = found === undefined ? 'nothing' : typeof found === 'string' ? `"${found.slice(0, 60)}"` : typeof found;
  return new SluiceError('CAPTURE_SIGNAL_INVALID', `Signal: expected ${expected}, found ${shown}`);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_TEXT)
    throw invalid(`${name} as text`, value);
  return value;
}

function table(fields: Fields): string {
  const value = text(fields, 'table');
  if (!TABLE.test(value)) throw invalid('table as schema.table', value);
  return value;
}

function key(fields: Fields, name: string): { readonly [name: string]: readonly string[] } {
  const value = fields[name];
  if (value === undefined) return {};
  const parts = Array.isArray(value) ? value : [value];
  const texts = parts.map((part) => (typeof part === 'number' ? String(part) : part));
  if (texts.length === 0 || texts.some((part) => typeof part !== 'string')) {
    throw invalid(`${name} as a list with one text for each key column`, value);
  }
  return { [name]: texts as string[] };
}

function keyList(fields: Fields): { readonly keys?: readonly (readonly string[])[] } {
  const value = fields['keys'];
  if (value === undefined) return {};
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_KEYS)
    throw invalid(`keys as a list of 1 to ${MAX_KEYS} keys`, value);
  const stray = ['where', 'fromKey', 'toKey'].find((name) => fields[name] !== undefined);
  if (stray !== undefined) throw invalid('keys without a condition or a range', stray);
  return { keys: value.map((one) => key({ keys: one }, 'keys')['keys']!) };
}

const optional = (fields: Fields, name: string): { readonly [name: string]: string } =>
  fields[name] === undefined ? {} : { [name]: text(fields, name) };

/** Reads a signal's value. @throws SluiceError CAPTURE_SIGNAL_INVALID that says what was expected */
export function parseSignal(json: string): CaptureSignal {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw invalid('a JSON object', json);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid('a JSON object', json);
  const fields = parsed as Fields;
  const type = fields['type'] as CaptureSignal['type'];
  const known = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (!known) throw invalid(`type to be one of ${Object.keys(FIELDS).join(', ')}`, fields['type']);
  const stray = Object.keys(fields).find((name) => name !== 'type' && !known.includes(name));
  if (stray)
    throw invalid(
      known.length > 0 ? `only ${known.join(', ')} beside type ${type}` : `nothing beside type ${type}`,
      stray,
    );
  return signalOf(type, fields);
}

function signalOf(type: CaptureSignal['type'], fields: Fields): CaptureSignal {
  switch (type) {
    case 'pause':
    case 'resume':
      return { type };
    case 'snapshot':
      return {
        type,
        table: table(fields),
        ...optional(fields, 'id'),
        ...optional(fields, 'where'),
        ...key(fields, 'fromKey'),
        ...key(fields, 'toKey'),
        ...keyList(fields),
      };
    case 'pause-snapshot':
    case 'resume-snapshot':
    case 'stop-snapshot':
      return { type, ...optional(fields, 'id') };
    case 'resume-table': {
      const how = fields['how'] ?? 'catch-up';
      if (how !== 'catch-up' && how !== 'snapshot') throw invalid('how to be catch-up or snapshot', how);
      return { type, table: table(fields), how };
    }
    case 'log':
      return { type, message: text(fields, 'message') };
  }
}

/** A record of the signals topic as the session takes it. */
export function receivedSignal(offset: string, value: string): ReceivedSignal {
  try {
    return { offset, signal: parseSignal(value) };
  } catch (error) {
    if (!hasCode(error, 'CAPTURE_SIGNAL_INVALID')) throw error;
    return { offset, error: error as SluiceError };
  }
}
