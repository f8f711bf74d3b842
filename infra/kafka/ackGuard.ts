import { SluiceError } from '#infra/runtime/errors.ts';
import type { Appended } from './types.ts';

/** One entry of the library's answer to a send. */
export interface Ack {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset?: string;
}

/**
 * Checks answers of one producer. The library can resolve a send without having written it, in two known ways: the answer lacks the
 * partition (its leader moved while the send ran), or it repeats an older offset (the broker took the send for a duplicate of another
 * one). Both become KAFKA_PRODUCER_BROKEN here, so that a lost message can never look like a stored one.
 */
export class AckGuard {
  /** Highest stored offset by topic/partition. */
  readonly #highest = new Map<string, bigint>();

  /** @throws SluiceError KAFKA_PRODUCER_BROKEN unless the answer proves that `count` messages were stored in this partition. */
  check(topic: string, partition: number, count: number, acks: readonly Ack[]): Appended {
    const where = `${topic}/${partition}`;
    const fail = (found: string): never => {
      throw new SluiceError(
        'KAFKA_PRODUCER_BROKEN',
        `Sending ${count} messages to ${where} was not confirmed: ${found}`,
        {
          context: { topic, partition, count },
        },
      );
    };
    if (acks.length !== 1) return fail(`expected one answer, found ${acks.length}`);
    const ack = acks[0]!;
    if (ack.topicName !== topic || Number(ack.partition) !== partition) {
      return fail(`the answer is for ${ack.topicName}/${ack.partition}`);
    }
    if (ack.errorCode !== 0) return fail(`error code ${ack.errorCode}`);
    if (ack.baseOffset === undefined) return fail('the answer has no offset');
    const baseOffset = BigInt(ack.baseOffset);
    const highest = this.#highest.get(where) ?? -1n;
    if (baseOffset <= highest) return fail(`offset ${baseOffset} is not above ${highest}, which was confirmed before`);
    this.#highest.set(where, baseOffset + BigInt(count) - 1n);
    return { baseOffset };
  }
}
