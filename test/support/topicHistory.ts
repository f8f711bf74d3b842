import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import type { Decoder } from '#schemas/codec.ts';
import { type ChangeEnvelope, POSITION_HEADER } from '#schemas/envelope.ts';

/** A record of a row topic, decoded; `envelope` is null for a tombstone. */
export interface DecodedRecord {
  /** Empty for a record without a key. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly envelope: ChangeEnvelope<Readonly<Record<string, unknown>>> | null;
  readonly position: string;
  readonly message: IncomingMessage;
}

/** Every committed record of the topic, partition by partition. */
export async function readHistory(kafka: KafkaClient, decoder: Decoder, topic: string): Promise<DecodedRecord[]> {
  const records: DecodedRecord[] = [];
  await kafka.readTopic({
    topic,
    from: 'beginning',
    onBatch: async ({ messages }) => {
      for (const message of messages) {
        records.push({
          key: (message.key && ((await decoder.decode(message.key)) as DecodedRecord['key'])) ?? {},
          envelope: message.value && ((await decoder.decode(message.value)) as NonNullable<DecodedRecord['envelope']>),
          position: message.headers[POSITION_HEADER]!.toString(),
          message,
        });
      }
    },
  });
  return records;
}

/** Records by key, in the order of the topic. */
export function historyByKey(records: readonly DecodedRecord[]): Map<string, DecodedRecord[]> {
  const byKey = new Map<string, DecodedRecord[]>();
  for (const record of records) {
    const key = JSON.stringify(record.key);
    const list = byKey.get(key);
    if (list) list.push(record);
    else byKey.set(key, [record]);
  }
  return byKey;
}
