import { afterAll, describe, inject } from 'vitest';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { kafkaContract } from './kafkaContract.ts';

describe('the real Kafka client', () => {
  let client: KafkaClient | undefined;
  const open = (): KafkaClient => {
    const brokers = process.env['SLUICE_TEST_KAFKA']?.split(',') ?? inject('stack').kafka!.brokers;
    client ??= createKafkaClient({ brokers, clientId: 'contract' }, silentLogger);
    return client;
  };
  afterAll(() => client?.close());
  kafkaContract(open);
});
