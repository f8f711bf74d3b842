import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** A place in a topic as people name it. */
export type StartPoint =
  | { readonly kind: 'beginning' | 'end' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'time'; readonly atMs: number }
  /** The first record whose source position is at or after this LSN. */
  | { readonly kind: 'lsn'; readonly lsn: string };

const START_POINT_FORMS = 'beginning, end, offset:<n>, lsn:<20 hex digits or 8:8:4>, or an ISO 8601 moment';

/** @throws SluiceError START_POINT_INVALID */
export function parseStartPoint(text: string): StartPoint {
  if (text === 'beginning' || text === 'end') return { kind: text };
  const offset = /^offset:(\d{1,19})$/.exec(text);
  if (offset) return { kind: 'offset', offset: BigInt(offset[1]!) };
  const lsn = /^lsn:(?:0x)?([0-9a-f]{20}|[0-9a-f]{8}:[0-9a-f]{8}:[0-9a-f]{4})$/i.exec(text);
  if (lsn) return { kind: 'lsn', lsn: lsn[1]!.replaceAll(':', '').toLowerCase() };
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return { kind: 'time', atMs };
  throw new SluiceError('START_POINT_INVALID', `Expected ${START_POINT_FORMS}; found ${text}.`);
}

/**
 * The offset of each partition that the point names, never outside what the partition holds. For an LSN the topic is read from its beginning,
 * and the first record at or after it counts: rows read by a snapshot may stand out of order, and starting early does no harm.
 */
export async function resolveStartPoint(
  kafka: KafkaClient,
  topic: string,
  point: StartPoint,
  signal: AbortSignal,
): Promise<PartitionOffsets> {
  const ranges = await kafka.topicOffsets(topic);
  const clamp = (partition: number, offset: bigint): bigint => {
    const { begin, end } = ranges.get(partition)!;
    return offset < begin ? begin : offset > end ? end : offset;
  };
  const all = (offsetOf: (partition: number) => bigint): PartitionOffsets =>
    new Map([...ranges.keys()].map((partition) => [partition, clamp(partition, offsetOf(partition))]));
  switch (point.kind) {
    case 'beginning':
      return all((partition) => ranges.get(partition)!.begin);
    case 'end':
      return all((partition) => ranges.get(partition)!.end);
    case 'offset':
      return all(() => point.offset);
    case 'time': {
      const at = await kafka.offsetsByTimestamp(topic, point.atMs);
      return all((partition) => at.get(partition) ?? ranges.get(partition)!.end);
    }
    case 'lsn': {
      const found = new Map<number, bigint>();
      for (const partition of ranges.keys()) {
        await kafka.readTopic({
          topic,
          partitions: [partition],
          from: 'beginning',
          signal,
          onBatch: ({ messages }) => {
            const first = messages.find(
              ({ headers }) => (headers['sluice.position']?.toString('utf8') ?? '') >= point.lsn,
            );
            if (first) found.set(partition, first.offset);
            return first === undefined;
          },
        });
      }
      return all((partition) => found.get(partition) ?? ranges.get(partition)!.end);
    }
  }
}
