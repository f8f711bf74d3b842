import type { IncomingMessage, KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { recordHeaders } from './letterFormat.ts';
import { redeliveryTopic } from './redelivery.ts';
import { KeyedSender } from './sender.ts';

export interface ReplayOptions {
  readonly kafka: KafkaClient;
  readonly groupPrefix: string;
  /** Group that shall handle the records again. */
  readonly groupId: string;
  readonly topic: string;
  /** First offset of each partition to replay; the end is the topic's end at the call. */
  readonly from: PartitionOffsets;
  /** Which records; all when left out. */
  readonly wanted?: (message: IncomingMessage) => Promise<boolean>;
  /** Most records a second. */
  readonly ratePerSecond: number;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly clock?: Clock;
}

export interface ReplayProgress {
  /** Records read so far, and in all. */
  readonly read: number;
  readonly total: number;
  readonly sent: number;
  readonly elapsedMs: number;
}

/**
 * Gives records of a topic to a running group once more, by the way of redeliveries. Nothing has to stop and live records go on beside it;
 * copies compare positions, so an older record cannot undo a newer one. Resolves with the number of records sent. Memory: one fetch.
 */
export async function replayRecords(options: ReplayOptions, signal: AbortSignal): Promise<number> {
  const { kafka, groupId, topic, from, ratePerSecond, clock = systemClock } = options;
  const sender = new KeyedSender(kafka);
  const startedMs = clock.now();
  const ranges = await kafka.topicOffsets(topic);
  const total = [...from].reduce((sum, [partition, offset]) => sum + Number(ranges.get(partition)!.end - offset), 0);
  let read = 0;
  let sent = 0;
  const onBatch = async ({ messages }: { readonly messages: readonly IncomingMessage[] }): Promise<void> => {
    const chosen: IncomingMessage[] = [];
    for (const message of messages) if (!options.wanted || (await options.wanted(message))) chosen.push(message);
    for (let start = 0; start < chosen.length; start += ratePerSecond) {
      const slice = chosen.slice(start, start + ratePerSecond);
      const aheadMs = startedMs + (sent / ratePerSecond) * 1000 - clock.now();
      if (aheadMs > 0) await clock.sleep(aheadMs, signal);
      await sender.send(
        redeliveryTopic(options.groupPrefix),
        slice.map((m) => replayed(groupId, m)),
        signal,
      );
      sent += slice.length;
    }
    read += messages.length;
    options.onProgress?.({ read, total, sent, elapsedMs: clock.now() - startedMs });
  };
  try {
    if (from.size > 0) await kafka.readTopic({ topic, partitions: [...from.keys()], from, signal, onBatch });
  } finally {
    await sender.close();
  }
  return sent;
}

function replayed(groupId: string, message: IncomingMessage) {
  return {
    key: message.key ?? Buffer.alloc(0),
    value: message.value ?? Buffer.alloc(0),
    headers: { ...message.headers, ...recordHeaders(groupId, message) },
  };
}
