import { afterAll, describe, inject } from 'vitest';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { leaseContract } from './leaseContract.ts';

describe('the lease on a real broker', () => {
  const clients: KafkaClient[] = [];
  afterAll(() => Promise.all(clients.map((client) => client.close())));
  leaseContract(() => {
    const brokers = process.env['SLUICE_TEST_KAFKA']?.split(',') ?? inject('stack').kafka!.brokers;
    const client = createKafkaClient({ brokers, clientId: 'contract' }, silentLogger);
    clients.push(client);
    return client;
  });
});
