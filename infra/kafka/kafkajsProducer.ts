import type { Kafka, Message, Producer, RecordMetadata } from 'kafkajs';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type Ack, AckGuard } from './ackGuard.ts';
import { asKafkaError, toKafkaError } from './kafkajsErrors.ts';
import type { Appended, OutgoingMessage, PartitionProducer } from './types.ts';

/** How long a broker may take to replicate, ms; longer is a rejected attempt that the library repeats with the same sequence number. */
const ACK_TIMEOUT_MS = 5000;
/** About half a minute of patience with a broker that is away. */
const RETRY = { initialRetryTime: 100, multiplier: 1.5, maxRetryTime: 2000, retries: 20 };

/** The library's form of our messages, all of one partition. */
function toKafkajsMessages(partition: number, messages: readonly OutgoingMessage[]): Message[] {
  return messages.map((m) => ({
    partition,
    key: m.key,
    value: m.value,
    ...(m.headers && { headers: m.headers as Record<string, string | Buffer> }),
    ...(m.timestampMs !== undefined && { timestamp: String(m.timestampMs) }),
  }));
}

type SendFunction = (record: {
  topic: string;
  acks: number;
  timeout: number;
  messages: Message[];
}) => Promise<RecordMetadata[]>;

/** Sends to one partition and checks the answer. */
export async function guardedSend(
  send: SendFunction,
  guard: AckGuard,
  topic: string,
  partition: number,
  messages: readonly OutgoingMessage[],
): Promise<Appended> {
  const acks = await send({
    topic,
    acks: -1,
    timeout: ACK_TIMEOUT_MS,
    messages: toKafkajsMessages(partition, messages),
  });
  return guard.check(topic, partition, messages.length, acks as readonly Ack[]);
}

/** What a producer says after it has rejected once. Fencing stays what it is; all else asks for a new producer. */
export function brokenProducerError(cause: unknown, what: string): SluiceError {
  const error = toKafkaError(cause, what);
  if (error.code === 'KAFKA_FENCED' || error.code === 'KAFKA_PRODUCER_BROKEN') return error;
  return new SluiceError('KAFKA_PRODUCER_BROKEN', error.message, { cause: error });
}

/** Idempotent producer: one partition a send, one send in flight a partition, unusable after the first rejection. */
export async function openPartitionProducer(kafka: Kafka): Promise<PartitionProducer> {
  const producer: Producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 5,
    createPartitioner: () => onlyExplicitPartition,
    retry: RETRY,
  });
  await asKafkaError('opening a producer', () => producer.connect());
  const guard = new AckGuard();
  const inFlight = new Map<string, Promise<unknown>>();
  let broken: SluiceError | undefined;

  const sendNow = async (topic: string, partition: number, messages: readonly OutgoingMessage[]): Promise<Appended> => {
    if (broken) throw broken;
    try {
      return await guardedSend((record) => producer.send(record), guard, topic, partition, messages);
    } catch (error) {
      broken ??= brokenProducerError(error, `sending to ${topic}/${partition}`);
      void producer.disconnect().catch(() => undefined);
      throw broken;
    }
  };

  return {
    send(topic, partition, messages) {
      const where = `${topic}/${partition}`;
      const before = inFlight.get(where) ?? Promise.resolve();
      const sent = before.catch(() => undefined).then(() => sendNow(topic, partition, messages));
      inFlight.set(where, sent);
      const clear = (): void => {
        if (inFlight.get(where) === sent) inFlight.delete(where);
      };
      sent.then(clear, clear);
      return sent;
    },
    async close() {
      await Promise.allSettled(inFlight.values());
      await producer.disconnect().catch(() => undefined);
    },
  };
}

/** Every message names its partition; one that does not is a mistake of ours. */
export function onlyExplicitPartition(args: { message: { partition?: number } }): number {
  if (args.message.partition === undefined) throw new SluiceError('INTERNAL', 'a message was sent without a partition');
  return args.message.partition;
}
