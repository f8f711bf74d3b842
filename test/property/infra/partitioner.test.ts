import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { partitionFor } from '#infra/kafka/partitioner.ts';

describe('the partitioner', () => {
  test('chooses the partition Kafka clients choose by default', () => {
    const reference = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 64 }), (bytes, count) => {
        const key = Buffer.from(bytes);
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
        const args = { topic: 't', partitionMetadata, message: { key, value: null } };
        expect(partitionFor(key, count)).toBe(reference(args as unknown as Parameters<typeof reference>[0]));
      }),
      { numRuns: 2000 },
    );
  });
});
