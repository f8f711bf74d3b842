import { describe, expect, it } from 'vitest';
import { startGroupAtEnd } from '#consumers/catalog/indexBuild.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';

/** A group without commits on a topic with marks, whose offsets cannot be set. */
function refusing(members: number): KafkaClient {
  const client: Partial<KafkaClient> = {
    committedOffsets: async () => new Map(),
    topicOffsets: async () => new Map([[0, { begin: 0n, end: 5n }]]),
    commitOffsets: () => Promise.reject(new Error('UNKNOWN_MEMBER_ID')),
    groupMembers: async () => members,
  };
  return client as KafkaClient;
}
const group = { groupId: 'g', topic: 't' } as Parameters<typeof startGroupAtEnd>[1];
const index = { filledAt: null } as Parameters<typeof startGroupAtEnd>[2];

describe('a consumer of a new index', () => {
  it('leaves the offsets to a process that joined the group while it looked', async () => {
    await expect(startGroupAtEnd(refusing(1), group, index)).resolves.toBeUndefined();
  });

  it('does not hide a refusal that nobody else explains', async () => {
    await expect(startGroupAtEnd(refusing(0), group, index)).rejects.toThrow('UNKNOWN_MEMBER_ID');
  });
});
