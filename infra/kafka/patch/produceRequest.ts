import { type BatchCodec, type BatchMessage, encodeRecordBatch } from './recordBatch.ts';

/** What the library passes to the encoder of a produce request. */
export interface ProduceArguments {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  readonly producerId?: unknown;
  readonly producerEpoch?: number;
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence?: number;
      readonly messages: readonly BatchMessage[];
    }[];
  }[];
}

/** The library's request encoder, as far as it is used here. */
export interface LibraryEncoder {
  readonly buffer: Buffer;
  writeString(text: string | null): LibraryEncoder;
  writeInt16(n: number): LibraryEncoder;
  writeInt32(n: number): LibraryEncoder;
  writeBufferInternal(bytes: Buffer): LibraryEncoder;
}

/** Parts of the library the encoder needs. */
export interface ProduceParts {
  readonly Encoder: new (initialBytes: number) => LibraryEncoder;
  readonly apiKey: number;
  readonly lookupCodec: (compression: number) => BatchCodec | null | undefined;
  readonly compressionMask: number;
}

/** Replaces `protocol/requests/produce/v3/request`, whose layout versions 3 to 7 share. Source: Kafka protocol guide, "Produce". */
export function produceRequestFactory(parts: ProduceParts) {
  return ({
    acks,
    timeout,
    transactionalId = null,
    producerId = -1,
    producerEpoch = 0,
    compression = 0,
    topicData,
  }: ProduceArguments) => ({
    apiKey: parts.apiKey,
    apiVersion: 3,
    apiName: 'Produce',
    expectResponse: () => acks !== 0,
    encode: async (): Promise<LibraryEncoder> => {
      const nowMs = Date.now();
      let total = 64;
      const topics: [string, [number, Buffer][]][] = [];
      for (const { topic, partitions } of topicData) {
        const batches: [number, Buffer][] = [];
        for (const { partition, messages, firstSequence } of partitions) {
          const batch = await encodeRecordBatch({
            messages,
            compression: compression & parts.compressionMask,
            codec: parts.lookupCodec(compression),
            transactional: Boolean(transactionalId),
            producerId: BigInt(String(producerId)),
            producerEpoch,
            firstSequence: firstSequence ?? 0,
            nowMs,
          });
          total += batch.length + 16;
          batches.push([partition, batch]);
        }
        total += topic.length * 3 + 16;
        topics.push([topic, batches]);
      }
      const encoder = new parts.Encoder(total)
        .writeString(transactionalId)
        .writeInt16(acks)
        .writeInt32(timeout)
        .writeInt32(topics.length);
      for (const [topic, batches] of topics) {
        encoder.writeString(topic).writeInt32(batches.length);
        for (const [partition, batch] of batches) {
          encoder.writeInt32(partition).writeInt32(batch.length).writeBufferInternal(batch);
        }
      }
      return encoder;
    },
  });
}
