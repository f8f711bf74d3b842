import { describe } from 'vitest';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { kafkaContract } from '../../../contract/kafkaContract.ts';
import { kafkaGroupContract } from '../../../contract/kafkaGroupContract.ts';

describe('the in-memory Kafka client', () => {
  const client = createMemoryKafka();
  kafkaContract(() => client);
  kafkaGroupContract(() => client);
});
