import type { KafkaClient, TopicSpec } from '#infra/kafka/types.ts';
import { eventsTopic, logTopic, parkedTopic, stateTopic } from './webhookTypes.ts';

const DAY_MS = 24 * 3_600_000;
/** Most bytes of one partition of the delivery log: a receiver that fails all day must not fill the disk. */
const MAX_LOG_BYTES = 256 * 1_048_576;
/** Small segments are compacted soon: a process reads all of its partitions of the parked messages when it starts. */
const PARKED_SEGMENT_BYTES = 16 * 1_048_576;

export interface WebhookTopicOptions {
  readonly groupPrefix: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly keepDays: number;
}

/** The topics webhooks live in. */
function webhookTopics(options: WebhookTopicOptions): readonly TopicSpec[] {
  const { groupPrefix, partitions, replicationFactor, keepDays } = options;
  const retention = { 'cleanup.policy': 'delete', 'retention.ms': String(keepDays * DAY_MS) };
  return [
    { topic: eventsTopic(groupPrefix), partitions, replicationFactor, config: retention },
    {
      topic: parkedTopic(groupPrefix),
      partitions,
      replicationFactor,
      config: {
        'cleanup.policy': 'compact',
        'segment.bytes': String(PARKED_SEGMENT_BYTES),
        'min.cleanable.dirty.ratio': '0.1',
      },
    },
    { topic: stateTopic(groupPrefix), partitions: 1, replicationFactor, config: { 'cleanup.policy': 'compact' } },
    {
      topic: logTopic(groupPrefix),
      partitions: 1,
      replicationFactor,
      config: { ...retention, 'retention.bytes': String(MAX_LOG_BYTES) },
    },
  ];
}

/** Makes the topics that are missing. */
export async function openWebhookTopics(kafka: KafkaClient, options: WebhookTopicOptions): Promise<void> {
  await kafka.ensureTopics(webhookTopics(options));
}
