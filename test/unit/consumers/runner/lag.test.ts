import { expect, test } from 'vitest';
import { untilPassed } from '#consumers/runner/lag.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const NEVER = new AbortController().signal;
const TOPIC = 'shop.t';

/** A topic of one partition and the group that reads it; each wait is a step in what happens to them. */
function played(steps: readonly { readonly end: bigint | null; readonly committed: bigint }[]) {
  let at = 0;
  const now = () => steps[Math.min(at, steps.length - 1)]!;
  const kafka = {
    topicOffsets: async () => {
      const { end } = now();
      if (end === null) throw new SluiceError('KAFKA_TOPIC_MISSING', `${TOPIC} is not there`);
      return new Map([[0, { begin: 0n, end }]]);
    },
    committedOffsets: async () => new Map([[TOPIC, new Map([[0, now().committed]])]]),
  } as unknown as KafkaClient;
  const clock = { now: () => 0, sleep: async () => void at++ };
  return {
    pass: (mostMs?: number) =>
      untilPassed(kafka, 'shop.g', [TOPIC], clock, NEVER, mostMs === undefined ? {} : { mostMs }),
    looks: () => at,
  };
}

test('a group has passed what was there when it was asked, not what came since', async () => {
  const { pass, looks } = played([
    { end: 5n, committed: 2n },
    { end: 9n, committed: 5n },
  ]);
  expect(await pass()).toBe(true);
  expect(looks()).toBe(1);
});

test('the end of a topic that was made anew meanwhile is the new one', async () => {
  const { pass } = played([
    { end: 500n, committed: 2n },
    { end: 3n, committed: 0n },
    { end: 4n, committed: 3n },
  ]);
  expect(await pass(10_000)).toBe(true);
});

test('a topic that is missing for the moment is worth another try, and time can run out', async () => {
  await expect(played([{ end: null, committed: 0n }]).pass()).rejects.toMatchObject({
    code: 'KAFKA_TOPIC_MISSING',
    retriable: true,
  });
  expect(await played([{ end: 5n, committed: 2n }]).pass(2000)).toBe(false);
});
