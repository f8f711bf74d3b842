import { entry } from './entry.ts';

/** Error codes of kafka. */
export const KAFKA_ERRORS = {
  // infra/kafka
  KAFKA_UNREACHABLE: entry(
    'No Kafka broker answers.',
    'Check kafka.brokers and that the brokers run; Sluice goes on by itself when they are back.',
    true,
  ),
  KAFKA_REQUEST_FAILED: entry('A request to Kafka was refused.', 'See the reason in the message and the broker log.'),
  KAFKA_TOPIC_MISSING: entry('A topic that is needed does not exist.', 'Start the part that creates it, or create it.'),
  KAFKA_TOPIC_MISMATCH: entry(
    'A topic exists with other settings than Sluice needs.',
    'Change the topic or the configuration; Sluice never alters an existing topic.',
  ),
  KAFKA_PRODUCER_BROKEN: entry(
    'A send was not confirmed, so the producer is thrown away and the work since the last confirmation is done again.',
    'Nothing to do unless it repeats: then look at the brokers.',
    true,
  ),
  KAFKA_FENCED: entry(
    'Another instance with the same transactional id has taken over.',
    'Run one capture per source; this one has stopped writing.',
  ),
  KAFKA_MEMBERSHIP_LOST: entry(
    'This consumer is no longer a member of its group; its partitions go to others and come back after a rebalance.',
    'Nothing to do unless it repeats: then the handler is too slow or the process is starved.',
    true,
  ),
  KAFKA_CONSUMER_CRASHED: entry(
    'A consumer stopped for good.',
    'See the cause; restart the process when it is removed.',
  ),
  KAFKA_RECORDS_CORRUPT: entry(
    'Records came from a broker with another checksum than they were stored with; they are fetched again.',
    'If it repeats at the same offset, the log of that broker is damaged: let another replica lead the partition.',
    true,
  ),
  KAFKA_RECORDS_UNREADABLE: entry(
    'Records are stored in a message format or compression that cannot be read.',
    'Write the topic with message format 2 and no compression, gzip or zstd.',
  ),
  KAFKA_CLIENT_VERSION: entry(
    'The installed Kafka client is not the version this code was checked against.',
    'Install exactly kafkajs 2.2.4 (npm ci).',
  ),
} as const;
