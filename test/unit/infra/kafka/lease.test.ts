import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { compete, leaseContract } from '../../../contract/leaseContract.ts';

describe('the lease on an in-memory broker', () => {
  const broker = new MemoryBroker();
  leaseContract(() => createMemoryKafka(broker));

  test('a holder that hangs loses the lease, and stands by when it wakes up', async () => {
    const group = randomUUID();
    const first = compete(createMemoryKafka(broker), group);
    await eventually(() => expect(first.states).toEqual(['standby', 'active']));
    const second = compete(createMemoryKafka(broker), group);
    await eventually(() => expect(broker.group(group).members).toHaveLength(2));
    const wakeUp = broker.group(group).members[0]!.lapse();
    await eventually(() => expect(second.states).toEqual(['standby', 'active']));
    expect(first.states, 'a hung process knows nothing').toEqual(['standby', 'active']);
    wakeUp();
    await eventually(() => expect(first.states).toEqual(['standby', 'active', 'standby']));
    expect(second.states).toEqual(['standby', 'active']);
    for (const one of [first, second]) one.stop();
    await Promise.all([first.ended, second.ended]);
  });
});
