import type { PartitionOffsets } from '#infra/kafka/types.ts';
import { parseStartPoint, resolveStartPoint } from '#infra/ops/startPoint.ts';
import { type TailedRecord, tailTopic } from '#infra/ops/tail.ts';
import { isAbort, SluiceError } from '#infra/runtime/errors.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { topicOf } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { parseKey } from '../keyOption.ts';
import { print } from '../output.ts';
import { type KafkaWork, withKafka } from '../withKafka.ts';

export interface TailCommandOptions {
  readonly config: string;
  readonly json: boolean;
  readonly from?: string;
  readonly partition?: number;
  readonly key?: string;
  readonly limit?: number;
  readonly follow: boolean;
}

const DEFAULT_LIMIT = 10;

/** `sluice topics tail`: one line a record, or one JSON object a line. */
export async function topicsTail(name: string, options: TailCommandOptions): Promise<number> {
  const point = options.from === undefined ? null : parseStartPoint(options.from);
  const key = options.key === undefined ? undefined : parseKey(options.key);
  const limit = options.limit ?? (options.follow ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  return withKafka(options.config, async (work) => {
    const { kafka, config, signal } = work;
    const topic = await topicNamed(work, name);
    const decoder = createDecoder(createRegistry({ url: config.registry.url }));
    // The newest records of one key may lie anywhere.
    const place = point ?? (key && !options.follow ? ({ kind: 'beginning' } as const) : null);
    const start = place ? await resolveStartPoint(kafka, topic, place, signal) : await newest(work, topic, limit);
    const from = only(start, options.partition, topic);
    const show = (record: TailedRecord): void => print(options.json ? JSON.stringify(record) : lineOf(record));
    const common = { kafka, decoder, topic, from, follow: options.follow, ...(key && { key }) };
    try {
      if (point || options.follow) {
        await tailTopic(
          { ...common, limit, ...(point?.kind === 'lsn' && { fromLsn: point.lsn }), onRecord: show },
          signal,
        );
      } else {
        // The newest of all partitions: each gives its last ones, and the last of these are shown in order of time.
        const found: TailedRecord[] = [];
        const keep = (record: TailedRecord): void => {
          found.push(record);
          if (found.length > 2 * limit + 1000) found.splice(0, found.length, ...found.sort(byTime).slice(-limit));
        };
        await tailTopic({ ...common, limit: Number.POSITIVE_INFINITY, onRecord: keep }, signal);
        for (const record of limit > 0 ? found.sort(byTime).slice(-limit) : []) show(record);
      }
    } catch (error) {
      if (!(isAbort(error) && signal.aborted)) throw error;
    }
    return EXIT.ok;
  });
}

const byTime = (a: TailedRecord, b: TailedRecord): number => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0);

/** The topic of that name, or of the table of that name. */
async function topicNamed({ kafka, config }: KafkaWork, name: string): Promise<string> {
  if ((await kafka.partitionCount(name)) !== null) return name;
  const topic = topicOf(config, name);
  if (name.includes('.') && (await kafka.partitionCount(topic)) !== null) return topic;
  throw new SluiceError(
    'KAFKA_TOPIC_MISSING',
    `Expected a topic or a captured table, found no topic ${name} or ${topic}`,
  );
}

/** Markers and records of other keys take offsets too: a few more are read than are shown. */
const MARGIN = 3n;

/** Offsets that leave about the newest records of each partition. */
async function newest({ kafka }: KafkaWork, topic: string, limit: number): Promise<PartitionOffsets> {
  const back = BigInt(Number.isFinite(limit) ? limit : 0) * MARGIN;
  const ranges = await kafka.topicOffsets(topic);
  return new Map(
    [...ranges].map(([partition, { begin, end }]) => [partition, end - back > begin ? end - back : begin]),
  );
}

function only(offsets: PartitionOffsets, partition: number | undefined, topic: string): PartitionOffsets {
  if (partition === undefined) return offsets;
  const offset = offsets.get(partition);
  if (offset === undefined) {
    throw new SluiceError(
      'KAFKA_TOPIC_MISSING',
      `Topic ${topic} has partitions 0 to ${offsets.size - 1}, found ${partition}`,
    );
  }
  return new Map([[partition, offset]]);
}

/** One line for a person: where, when, what happened to which key, and the row. */
function lineOf({ partition, offset, time, position, key, value }: TailedRecord): string {
  const change = value as { readonly op?: string; readonly before?: unknown; readonly after?: unknown } | null;
  const row = value === null ? 'tombstone' : JSON.stringify(change?.op ? (change.after ?? change.before) : value);
  const parts = [
    `${partition}@${offset}`,
    time,
    position?.slice(0, 20) ?? '',
    change?.op ?? '',
    JSON.stringify(key),
    row,
  ];
  return parts.filter((part) => part !== '').join('  ');
}
