import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Assignment, type Dealt, deal, difference, type MemberClaim } from '#infra/kafka/group/assignor.ts';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '#infra/kafka/group/protocol.ts';

const TOPICS = ['a', 'b', 'c'];
const counts = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 3 }))
  .map((list) => new Map(TOPICS.map((topic, i) => [topic, list[i]!])));

/** Joins, clean leaves and deaths, in an order the seed decides. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('join' as const), load: fc.nat(20), topics: fc.subarray(TOPICS, { minLength: 1 }) }),
  fc.record({ kind: fc.constant('joinAll' as const), load: fc.nat(20) }),
  fc.record({ kind: fc.constant('leave' as const), which: fc.nat(7) }),
);

const claimOf = (memberId: string, topics: readonly string[], load = 0): MemberClaim => ({
  memberId,
  topics,
  owned: new Map(),
  generation: -1,
  load,
});

const places = (assignment: Assignment): string[] =>
  [...assignment].flatMap(([topic, list]) => list.map((partition) => `${topic}/${partition}`)).sort();

/** One generation: every member takes what it was dealt; what it lost is let go. */
function settle(members: readonly MemberClaim[], dealt: Dealt, generation: number): MemberClaim[] {
  return members.map((m) => ({ ...m, owned: dealt.assignments.get(m.memberId)!, generation }));
}

/** Generations until nothing is held back; checks what must hold in each of them. */
function converge(members: MemberClaim[], topics: ReadonlyMap<string, number>, exclusive = false): MemberClaim[] {
  let now = members;
  for (let generation = 1; ; generation++) {
    expect(generation).toBeLessThan(4);
    const dealt = deal(now, topics, exclusive);
    const given = [...dealt.assignments.values()].flatMap(places);
    // Nobody shares a partition, and nobody is given what another still has.
    expect(new Set(given).size).toBe(given.length);
    for (const member of now) {
      const others = now.filter((m) => m !== member).flatMap((m) => places(m.owned));
      for (const place of places(difference(dealt.assignments.get(member.memberId)!, member.owned)))
        expect(others).not.toContain(place);
    }
    now = settle(now, dealt, generation);
    if (!dealt.handover) return now;
  }
}

describe('dealing partitions to members', () => {
  test('gives each to one, evenly per topic and in all, in at most two steps, and then changes nothing any more', () => {
    fc.assert(
      fc.property(counts, fc.array(step, { minLength: 1, maxLength: 14 }), (topics, steps) => {
        let members: MemberClaim[] = [];
        let ids = 0;
        for (const s of steps) {
          if (s.kind === 'leave') members = members.filter((_, i) => i !== s.which % Math.max(1, members.length));
          else members = [...members, claimOf(`m${ids++ % 5}-${ids}`, s.kind === 'join' ? s.topics : TOPICS, s.load)];
          if (members.length === 0) continue;
          members = converge(members, topics);
          for (const [topic, count] of topics) {
            const shares = members.filter((m) => m.topics.includes(topic)).map((m) => m.owned.get(topic)?.length ?? 0);
            if (shares.length === 0) continue;
            expect(shares.reduce((a, b) => a + b)).toBe(count);
            expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
          }
          if (members.every((m) => m.topics.length === TOPICS.length)) {
            const totals = members.map((m) => places(m.owned).length);
            expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1);
          }
          const again = deal(members, topics);
          expect(again.handover).toBe(false);
          for (const m of members) expect(places(again.assignments.get(m.memberId)!)).toEqual(places(m.owned));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a newcomer takes from others only what it gets, and a leaver’s partitions move nobody else’s but by one', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 6 }), (topics, size) => {
        const start = Array.from({ length: size }, (_, i) => claimOf(`m${i}`, TOPICS));
        const before = converge(start, topics);
        const joined = converge([...before, claimOf('n', TOPICS)], topics);
        for (const [topic] of topics) {
          for (const old of before) {
            const now = joined.find((m) => m.memberId === old.memberId)!;
            const gained = (now.owned.get(topic) ?? []).filter((p) => !old.owned.get(topic)?.includes(p));
            // A topic's share may shift by the one that evens out the totals.
            expect(gained.length).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('all members find the same, whatever order they are listed in', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 5 }), fc.nat(), (topics, size, turn) => {
        const members = Array.from({ length: size }, (_, i) => claimOf(`m${i}`, TOPICS, (i * 7) % 3));
        const turned = members.map((_, i) => members[(i + turn) % size]!);
        const [one, other] = [deal(members, topics), deal(turned, topics)];
        for (const { memberId } of members)
          expect(places(other.assignments.get(memberId)!)).toEqual(places(one.assignments.get(memberId)!));
      }),
      { numRuns: 100 },
    );
  });

  test('the odd ones go to processes that have less in other groups', () => {
    const members = [claimOf('a', ['a'], 9), claimOf('b', ['a'], 1), claimOf('c', ['a'], 5)];
    const dealt = deal(members, new Map([['a', 1]]));
    expect(places(dealt.assignments.get('b')!)).toEqual(['a/0']);
  });

  test('of two that claim the same partition the one that the group confirmed later has it', () => {
    const owned = new Map([['a', [0]]]);
    const older = { ...claimOf('a-older', ['a']), owned, generation: 3 };
    const newer = { ...claimOf('b-newer', ['a']), owned, generation: 4 };
    const dealt = deal([older, newer], new Map([['a', 1]]));
    expect(dealt).toEqual({
      assignments: new Map([
        ['a-older', new Map()],
        ['b-newer', new Map([['a', [0]]])],
      ]),
      handover: false,
    });
  });

  test('in an exclusive group one has everything and keeps it', () => {
    const topics = new Map([['a', 3]]);
    const [owner] = converge([claimOf('z', ['a'])], topics, true);
    const after = converge([claimOf('b', ['a']), owner!, claimOf('c', ['a'])], topics, true);
    expect(after.map((m) => [m.memberId, places(m.owned).length])).toEqual([
      ['b', 0],
      ['z', 3],
      ['c', 0],
    ]);
    expect(
      places(
        converge(
          after.filter((m) => m.memberId !== 'z'),
          topics,
          true,
        )[0]!.owned,
      ),
    ).toHaveLength(3);
  });

  test('in an exclusive group every leader decides alike when nobody has it, or several say so', () => {
    const topics = new Map([['a', 1]]);
    const ownerOf = (members: readonly MemberClaim[]): string | undefined =>
      [...deal(members, topics, true).assignments].find(([, assignment]) => assignment.size > 0)?.[0];
    expect(ownerOf([claimOf('c', ['a']), claimOf('b', ['a'])])).toBe('b');
    const claiming = (id: string) => ({ ...claimOf(id, ['a']), owned: new Map([['a', [0]]]), generation: 2 });
    expect(ownerOf([claiming('c'), claiming('b'), claimOf('a', ['a'])])).toBe('b');
    expect(ownerOf([])).toBeUndefined();
  });

  test('what members say and are told comes back as it was, and an older form claims nothing', () => {
    const assignment = fc
      .dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }))
      .map((d) => new Map(Object.entries(d)));
    fc.assert(
      fc.property(assignment, fc.nat(), fc.nat(99), fc.boolean(), (owned, generation, load, handover) => {
        const claim = { topics: [...owned.keys()], owned, generation, load };
        expect(decodeSubscription('m', encodeSubscription(claim))).toEqual({ memberId: 'm', ...claim });
        expect(decodeAssignment(encodeAssignment({ assignment: owned, handover }))).toEqual({
          assignment: owned,
          handover,
        });
      }),
      { numRuns: 200 },
    );
    // Version 0 with one topic and user data that is not ours, as other clients write it.
    const v0 = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 0x61, 0, 0, 0, 1, 0xff]);
    expect(decodeSubscription('m', v0)).toEqual({
      memberId: 'm',
      topics: ['a'],
      owned: new Map(),
      generation: -1,
      load: 0,
    });
  });
});
