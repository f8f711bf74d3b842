import type { OutgoingMessage } from '#infra/kafka/types.ts';

/** Messages of one partition, in order. */
export interface PartitionMessages {
  readonly topic: string;
  readonly partition: number;
  readonly list: OutgoingMessage[];
}

/** Largest Kafka request that is put together for one partition; the broker's own limit is 1 MiB by default. */
const MAX_SEND_BYTES = 700_000;
/** About what a record costs besides its key and value. */
const RECORD_BYTES = 150;

/** Puts messages together by topic and partition, each list in the order of the calls. */
export class MessageGroups {
  readonly #topics = new Map<string, OutgoingMessage[][]>();

  add(topic: string, partition: number, messages: readonly OutgoingMessage[]): void {
    let lists = this.#topics.get(topic);
    if (!lists) {
      lists = [];
      this.#topics.set(topic, lists);
    }
    lists[partition] ??= [];
    const list = lists[partition];
    for (const message of messages) list.push(message);
  }

  all(): PartitionMessages[] {
    const groups: PartitionMessages[] = [];
    for (const [topic, lists] of this.#topics) {
      lists.forEach((list, partition) => {
        groups.push({ topic, partition, list });
      });
    }
    return groups;
  }
}

/** Cuts a list so that no part is larger than a broker takes by default (a single larger message stays whole). */
export function sendable(list: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const parts: OutgoingMessage[][] = [];
  let part: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of list) {
    const size = (message.key?.length ?? 0) + (message.value?.length ?? 0) + RECORD_BYTES;
    if (part.length > 0 && bytes + size > MAX_SEND_BYTES) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Waits for every promise, so that nothing is on its way when one has failed. @throws the first failure */
export async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason;
}
