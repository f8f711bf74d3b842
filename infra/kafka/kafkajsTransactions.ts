import type { Kafka, Transaction as KafkajsTransaction, Producer } from 'kafkajs';
import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import { AckGuard } from './ackGuard.ts';
import { asKafkaError } from './kafkajsErrors.ts';
import { brokenProducerError, guardedSend, onlyExplicitPartition } from './kafkajsProducer.ts';
import { addPartitions, forgetTransactionalId } from './patch/eosManagers.ts';
import type { Transaction, TransactionalProducer } from './types.ts';

/**
 * The broker ends a transaction a few milliseconds after it said so, and refuses the next one meanwhile. The first pauses are therefore
 * short; the last ones give a broker about a minute to come back.
 */
export const TRANSACTION_RETRY = { initialRetryTime: 5, multiplier: 1.5, maxRetryTime: 2000, retries: 50, factor: 0 };

/** The same for a request the library does not repeat by itself: the transaction before may be ending still. */
const ADD_RETRY = {
  baseMs: 4,
  maxMs: 500,
  attempts: 60,
  retryIf: (error: unknown): boolean => (error as { retriable?: boolean }).retriable === true,
};

/**
 * Opens a transactional producer. `kafka` must have been made with TRANSACTION_RETRY, because the library takes some of these waits from
 * the client and not from the producer. Starting (and dropping) one empty transaction makes the broker fence older instances now.
 */
export async function openTransactionalProducer(
  kafka: Kafka,
  options: { readonly transactionalId: string; readonly transactionTimeoutMs?: number },
): Promise<TransactionalProducer> {
  const producer = kafka.producer({
    idempotent: true,
    transactionalId: options.transactionalId,
    transactionTimeout: options.transactionTimeoutMs ?? 60_000,
    maxInFlightRequests: 5,
    allowAutoTopicCreation: false,
    createPartitioner: () => onlyExplicitPartition,
    retry: TRANSACTION_RETRY,
  });
  try {
    await asKafkaError(`opening transactional producer "${options.transactionalId}"`, async () => {
      await producer.connect();
      await (await producer.transaction()).abort();
    });
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
  return new KafkajsTransactionalProducer(producer, options.transactionalId);
}

class KafkajsTransactionalProducer implements TransactionalProducer {
  readonly #producer: Producer;
  readonly #id: string;
  readonly #guard = new AckGuard();
  #broken: SluiceError | undefined;

  constructor(producer: Producer, id: string) {
    this.#producer = producer;
    this.#id = id;
  }

  async begin(): Promise<Transaction> {
    const open = await this.#checked('beginning a transaction', () => this.#producer.transaction());
    let ended = false;
    return {
      include: (partitions) =>
        this.#checked('adding partitions to a transaction', () =>
          retry(() => addPartitions(this.#id, partitions), ADD_RETRY),
        ),
      send: (topic, partition, messages) =>
        this.#checked(`sending to ${topic}/${partition}`, () =>
          guardedSend((record) => open.send(record), this.#guard, topic, partition, messages),
        ),
      commit: async () => {
        ended = true;
        await this.#checked('committing a transaction', () => open.commit());
      },
      abort: async () => {
        if (ended) return;
        ended = true;
        await this.#abort(open);
      },
    };
  }

  async close(): Promise<void> {
    this.#broken ??= new SluiceError('KAFKA_PRODUCER_BROKEN', `Transactional producer "${this.#id}" was closed`);
    await this.#producer.disconnect().catch(() => undefined);
    forgetTransactionalId(this.#id);
  }

  /** Aborts when that is still possible; otherwise the broker does it when a new instance opens, or at the transaction time-out. */
  async #abort(open: KafkajsTransaction): Promise<void> {
    if (this.#broken) return;
    await this.#checked('aborting a transaction', () => open.abort());
  }

  /** After the first rejection every further call rejects with the same reason. */
  async #checked<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#broken) throw this.#broken;
    try {
      return await work();
    } catch (error) {
      this.#broken ??= brokenProducerError(error, `${what} as "${this.#id}"`);
      void this.#producer.disconnect().catch(() => undefined);
      throw this.#broken;
    }
  }
}
