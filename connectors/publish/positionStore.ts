import { type Position, parsePosition } from '#connectors/capture/position.ts';
import type { CaptureState, SnapshotProgress, TableState } from '#connectors/capture/types.ts';
import type {
  IncomingMessage,
  KafkaClient,
  OutgoingMessage,
  TopicSpec,
  TransactionalProducer,
} from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** Version of the stored form. Format 1, with a snapshot's progress as all there is of a table, is still read. */
const FORMAT = 2;
/** Records (with their transaction markers) looked at first; the newest position is nearly always among them. */
const TAIL = 400n;

/** The topic that holds the positions of all captures with this prefix: compacted, one partition, keyed by the capture's name. */
export function positionTopic(prefix: string): string {
  return `${prefix}.__sluice.positions`;
}

/** Id under which a capture writes, so that its positions cannot be written by an older process; also the group of its lease. */
export function captureTransactionalId(topicPrefix: string, captureName: string): string {
  return `${topicPrefix}.__sluice.${captureName}`;
}

export function positionTopicSpec(prefix: string, replicationFactor: number): TopicSpec {
  return {
    topic: positionTopic(prefix),
    partitions: 1,
    replicationFactor,
    config: { 'cleanup.policy': 'compact', 'segment.bytes': '8388608', 'min.cleanable.dirty.ratio': '0.1' },
  };
}

/** The record that stores a state. */
export function positionRecord(name: string, state: CaptureState): OutgoingMessage {
  return { key: Buffer.from(name), value: Buffer.from(JSON.stringify({ format: FORMAT, ...state })) };
}

/**
 * Writes a record into the positions as the producer that has just taken over, and gives its offset. Whoever has read it has read every position
 * before it: a broker that was away and has not heard yet that another leads can answer with an old end, but it cannot take this record.
 */
export async function markPositions(producer: TransactionalProducer, prefix: string, name: string): Promise<bigint> {
  const transaction = await producer.begin();
  // No name holds a colon, so this key is no capture's.
  const mark = { key: Buffer.from(`opened:${name}`), value: Buffer.from(new Date().toISOString()) };
  const { baseOffset } = await transaction.send(positionTopic(prefix), 0, [mark]);
  await transaction.commit();
  return baseOffset;
}

const STALE_ATTEMPTS = 60;
const STALE_PAUSE_MS = 250;

/**
 * The newest committed state of the capture; null when there is none. `mark`: offset of a record (see markPositions) that must be seen, without
 * it the answer may be a little old. @throws SluiceError CAPTURE_POSITION_UNREADABLE, KAFKA_UNREACHABLE
 */
export async function readPosition(
  kafka: KafkaClient,
  prefix: string,
  name: string,
  signal: AbortSignal,
  mark?: bigint,
  clock: Clock = systemClock,
): Promise<CaptureState | null> {
  const topic = positionTopic(prefix);
  for (let attempt = 1; ; attempt++) {
    const range = (await kafka.topicOffsets(topic)).get(0)!;
    const tail = range.end - TAIL;
    const read = await newestFrom(kafka, topic, name, tail > range.begin ? tail : range.begin, signal, mark);
    if (read.complete) {
      const whole = read.newest !== null || tail <= range.begin;
      const { newest } = whole ? read : await newestFrom(kafka, topic, name, range.begin, signal);
      return newest && parse(newest, name);
    }
    if (attempt >= STALE_ATTEMPTS) {
      throw new SluiceError('KAFKA_UNREACHABLE', `Topic ${topic}: the record at ${mark} was stored and cannot be read`);
    }
    await clock.sleep(STALE_PAUSE_MS, signal);
  }
}

/** The newest record of the capture from an offset on, and whether the record at `mark` was met. */
async function newestFrom(
  kafka: KafkaClient,
  topic: string,
  name: string,
  from: bigint,
  signal: AbortSignal,
  mark?: bigint,
): Promise<{ readonly newest: IncomingMessage | null; readonly complete: boolean }> {
  let newest: IncomingMessage | null = null;
  let complete = mark === undefined;
  await kafka.readTopic({
    topic,
    from: new Map([[0, from]]),
    signal,
    onBatch: (batch) => {
      newest = batch.messages.findLast((m) => m.key?.toString() === name) ?? newest;
      complete ||= batch.messages.some((m) => m.offset === mark);
    },
  });
  return { newest, complete };
}

function parse(message: IncomingMessage, name: string): CaptureState | null {
  if (message.value === null) return null;
  try {
    return stateOf(JSON.parse(message.value.toString()) as Stored);
  } catch (error) {
    throw new SluiceError(
      'CAPTURE_POSITION_UNREADABLE',
      `Position of capture "${name}" in ${message.topic}@${message.offset}: expected format 1 or ${FORMAT}, found ${(error as Error).message}`,
      { cause: error, context: { topic: message.topic, offset: String(message.offset) } },
    );
  }
}

type Stored = Omit<CaptureState, 'snapshots'> & { readonly format?: unknown; readonly snapshots: unknown };

function stateOf(stored: Stored): CaptureState {
  parsePosition(stored.position);
  if (stored.format === 1) return fromFormat1(stored.position, stored.snapshots as Record<string, SnapshotProgress>);
  if (stored.format !== FORMAT) throw new Error(`format ${String(stored.format)}`);
  const { format: _, ...state } = stored;
  for (const table of Object.values(state.tables)) if (table.position !== undefined) parsePosition(table.position);
  return state as CaptureState;
}

/** The first form knew no capture instances: an empty name means the newest that reaches back to the position. */
function fromFormat1(position: Position, snapshots: Readonly<Record<string, SnapshotProgress>>): CaptureState {
  return {
    position,
    positionTimeMs: null,
    tables: Object.fromEntries(
      Object.entries(snapshots).map(([id, snapshot]): [string, TableState] => [id, { instance: '', snapshot }]),
    ),
    paused: false,
    snapshots: [],
    signalOffset: null,
  };
}
