import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ConsumerGroup, ConsumerGroupOptions, KafkaClient } from '#infra/kafka/types.ts';
import { eventually } from '#test/support/eventually.ts';
import { lag } from './kafkaContract.ts';

const noSignal = () => new AbortController().signal;
const record = (value: string) => ({ key: Buffer.from('k'), value: Buffer.from(value) });

/** A member of a group that notes what it is given. */
interface Seen {
  readonly group: ConsumerGroup;
  /** Partitions of the topic it owns, as it was last told. */
  owned(): readonly number[];
  /** Everything it was told to own, in order. */
  readonly assignments: (readonly number[])[];
  /** Values handled, by partition. */
  readonly handled: Map<number, string[]>;
}

/** What joining, leaving and hanging must not do to the others; run against the real client and the in-memory one. */
export function kafkaGroupContract(open: () => KafkaClient): void {
  const topicOf = async (client: KafkaClient, partitions: number): Promise<string> => {
    const topic = `contract-${randomUUID()}`;
    await client.ensureTopics([{ topic, partitions, replicationFactor: 1 }]);
    return topic;
  };

  const memberOf = (
    client: KafkaClient,
    groupId: string,
    topic: string,
    more: Partial<ConsumerGroupOptions> & {
      readonly before?: (partition: number, value: string) => Promise<void>;
    } = {},
  ): Seen => {
    const { before, ...options } = more;
    const assignments: (readonly number[])[] = [];
    const handled = new Map<number, string[]>();
    const group = client.consumerGroup({
      groupId,
      topics: [topic],
      fromBeginning: true,
      concurrency: 8,
      onAssigned: (assignment) => void assignments.push([...(assignment.get(topic) ?? [])].sort()),
      onBatch: async ({ partition, messages }, control) => {
        for (const message of messages) {
          if (control.isStale()) return;
          const value = String(message.value);
          await before?.(partition, value);
          if (control.isStale()) return;
          handled.set(partition, [...(handled.get(partition) ?? []), value]);
        }
      },
      ...options,
    });
    return { group, assignments, handled, owned: () => assignments.at(-1) ?? [] };
  };

  const shared = (members: readonly Seen[]): number[] => members.flatMap((m) => m.owned()).sort((a, b) => a - b);
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  test('a newcomer gets its share, and nobody is ever given what another still has', async () => {
    const client = open();
    const topic = await topicOf(client, 8);
    const groupId = `g-${randomUUID()}`;
    const first = memberOf(client, groupId, topic);
    await first.group.start(noSignal());
    await eventually(() => expect(first.owned()).toHaveLength(8));
    const second = memberOf(client, groupId, topic);
    const third = memberOf(client, groupId, topic);
    await second.group.start(noSignal());
    await eventually(() => expect([first.owned().length, second.owned().length]).toEqual([4, 4]));
    const kept = first.owned();
    await third.group.start(noSignal());
    await eventually(() => {
      const counts = [first, second, third].map((m) => m.owned().length).sort();
      expect(counts).toEqual([2, 3, 3]);
      expect(shared([first, second, third])).toEqual(all(8));
    });
    // Sticky: the first only ever gave away.
    for (const assignment of first.assignments.slice(1))
      expect(all(8)).toEqual(expect.arrayContaining([...assignment]));
    expect(kept).toEqual(expect.arrayContaining([...first.owned()]));
    await third.group.stop();
    await eventually(() => expect(shared([first, second])).toEqual(all(8)));
    expect([first.owned().length, second.owned().length]).toEqual([4, 4]);
    await Promise.all([first.group.stop(), second.group.stop()]);
  });

  test('partitions that stay go on while one that goes is held up, and a slow handler does not stop the others from dealing', async () => {
    const client = open();
    const topic = await topicOf(client, 4);
    const groupId = `g-${randomUUID()}`;
    const producer = await client.producer();
    const stuck = Promise.withResolvers<void>();
    const isStuck = new Set<number>();
    const first = memberOf(client, groupId, topic, {
      before: async (partition, value) => {
        if (value !== 'stuck') return;
        isStuck.add(partition);
        await stuck.promise;
      },
    });
    await first.group.start(noSignal());
    // Two partitions are in the middle of a batch that does not end.
    for (const partition of [2, 3]) await producer.send(topic, partition, [record('stuck')]);
    await eventually(() => expect([...isStuck].sort()).toEqual([2, 3]));
    const second = memberOf(client, groupId, topic);
    const joining = second.group.start(noSignal());
    // The newcomer gets its half although the handlers of partitions that may go have not ended …
    let sent = 0;
    await eventually(async () => {
      for (const partition of [0, 1]) await producer.send(topic, partition, [record(`v${sent}`)]);
      sent++;
      expect(second.owned()).toHaveLength(2);
    });
    await joining;
    // … and what stays was never given away and given back.
    const kept = first.owned();
    for (const assignment of first.assignments) expect(assignment).toEqual(expect.arrayContaining([...kept]));
    await eventually(() => {
      for (const partition of [0, 1]) {
        const values = [...(first.handled.get(partition) ?? []), ...(second.handled.get(partition) ?? [])];
        expect(new Set(values)).toEqual(new Set(all(sent).map((i) => `v${i}`)));
        // A batch that was in hand and ended in time is not handled twice.
        expect(values).toHaveLength(sent);
      }
    });
    stuck.resolve();
    await eventually(async () => expect(await lag(client, groupId, topic)).toBe(0n));
    await Promise.all([first.group.stop(), second.group.stop()]);
  });

  test('records that come while members join and leave are each handled, in order, and those of partitions that stay once', async () => {
    const client = open();
    const partitions = 6;
    const topic = await topicOf(client, partitions);
    const groupId = `g-${randomUUID()}`;
    const producer = await client.producer();
    const first = memberOf(client, groupId, topic);
    await first.group.start(noSignal());
    let sent = 0;
    let sending = true;
    const traffic = (async () => {
      for (; sending; sent++) {
        await Promise.all(all(partitions).map((partition) => producer.send(topic, partition, [record(String(sent))])));
        await turn();
      }
    })();
    const members = [first];
    for (let round = 0; round < 3; round++) {
      const member = memberOf(client, groupId, topic);
      await member.group.start(noSignal());
      members.push(member);
      const before = sent;
      await eventually(() => expect(member.owned().length).toBeGreaterThan(0));
      await eventually(() => expect(sent).toBeGreaterThan(before + 5));
    }
    const stayed = first.owned().filter((p) => first.assignments.every((assignment) => assignment.includes(p)));
    expect(stayed.length).toBeGreaterThan(0);
    await members[1]!.group.stop();
    await members[3]!.group.stop();
    const before = sent;
    await eventually(() => expect(sent).toBeGreaterThan(before + 5));
    sending = false;
    await traffic;
    await eventually(async () => expect(await lag(client, groupId, topic)).toBe(0n));
    const expected = all(sent).map(String);
    for (const partition of all(partitions)) {
      const values = members.flatMap((m) => m.handled.get(partition) ?? []);
      expect(new Set(values)).toEqual(new Set(expected));
      if (stayed.includes(partition)) expect(first.handled.get(partition)).toEqual(expected);
      for (const { handled } of members) {
        const own = (handled.get(partition) ?? []).map(Number);
        expect(own).toEqual(own.toSorted((a, b) => a - b));
      }
    }
    await Promise.all([first, members[2]!].map(({ group }) => group.stop()));
  });

  test('what a member gives up on purpose is where the next owner begins, at an earlier offset', async () => {
    const client = open();
    const topic = await topicOf(client, 1);
    const groupId = `g-${randomUUID()}`;
    const producer = await client.producer();
    await producer.send(topic, 0, ['a', 'b', 'c'].map(record));
    const first = memberOf(client, groupId, topic);
    await first.group.start(noSignal());
    await eventually(async () => expect(await lag(client, groupId, topic)).toBe(0n));
    await first.group.rewind(topic, 0, 1n);
    await eventually(() => expect(first.handled.get(0)).toEqual(['a', 'b', 'c', 'b', 'c']));
    await first.group.stop();
    await expect(first.group.rewind(topic, 0, 0n)).rejects.toMatchObject({ code: 'KAFKA_MEMBERSHIP_LOST' });
  });

  test('a group that begins at the end loses nothing when a partition changes hands before its first commit', async () => {
    const client = open();
    const topic = await topicOf(client, 2);
    const groupId = `g-${randomUUID()}`;
    const producer = await client.producer();
    const first = memberOf(client, groupId, topic, { fromBeginning: false });
    await first.group.start(noSignal());
    await eventually(() => expect(first.owned()).toHaveLength(2));
    await eventually(async () => {
      // The place is known once a record arrives.
      await producer.send(topic, 0, [record('seen')]);
      expect(first.handled.get(0)?.length ?? 0).toBeGreaterThan(0);
    });
    await first.group.stop();
    await producer.send(topic, 1, [record('while nobody was there')]);
    const second = memberOf(client, groupId, topic, { fromBeginning: false });
    await second.group.start(noSignal());
    await eventually(() => expect(second.handled.get(1)).toEqual(['while nobody was there']));
    await second.group.stop();
  });
}
