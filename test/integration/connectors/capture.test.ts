import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture, spawnCapture } from '#test/support/captureProcess.ts';
import { work } from '#test/support/captureShop.ts';
import { addQuiet, createdQuiet, expectExactHistory, expectSameStock, shopTopic } from '#test/support/captureTruth.ts';
import { eventually } from '#test/support/eventually.ts';
import { readHistory } from '#test/support/topicHistory.ts';

const env = useCaptureShop();
const { setup } = env;

/** Waits until changes stream, and gives the position of one. A row written before the stream's start is read, not streamed: so many are written. */
async function untilStreaming(prefix: string): Promise<string> {
  const ids = new Set<number>();
  const look = async (): Promise<string> => createdQuiet(env, prefix, ids.add(await addQuiet(env)));
  return eventually(look, { timeoutMs: 60_000, everyMs: 200 });
}

/** Waits until everything committed so far is in the topics. */
async function untilDrained(prefix: string): Promise<void> {
  const id = new Set([await addQuiet(env)]);
  await eventually(() => createdQuiet(env, prefix, id), { timeoutMs: 60_000, everyMs: 200 });
}

/** Records (and transaction markers) in the topic of STOCK. */
async function written(prefix: string): Promise<bigint> {
  const ranges = await env.kafka.topicOffsets(shopTopic(prefix, 'dbo.STOCK'));
  return [...ranges.values()].reduce((sum, { end }) => sum + end, 0n);
}

describe('capturing a database into Kafka', () => {
  test('snapshots a quiet database and carries every value exactly', async () => {
    const given = setup();
    const { capture, kafka: own } = buildCapture(given);
    const stop = new AbortController();
    const running = capture.run(stop.signal);
    await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 60_000 });
    const records = await readHistory(env.kafka, env.decoder, shopTopic(given.topicPrefix, 'dbo.ITEM'));
    expect(records.length).toBe(451);
    const first = records.find((r) => r.key['CODE'] === 'A1      ')!.envelope!;
    expect(first).toMatchObject({
      op: 'r',
      before: null,
      source: { snapshot: 'true', db: 'SHOP', schema: 'dbo', table: 'ITEM' },
    });
    expect(first.after).toMatchObject({
      CODE: 'A1      ',
      DESCR: 'Plank – “oak”',
      NOTES: 'first note',
      PRICE: '922337203685477.5807',
      WEIGHT: '-0.125',
      BIG: -(2n ** 63n),
      FLAG: true,
      SEEN: 1_767_323_045_123_456_700n,
      ZONED: '2026-01-02T03:04:05.12+05:30',
      AMENDED: 1_767_323_045_007n,
      UID: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    });
    await env.shop.batch("UPDATE dbo.ITEM SET PRICE = 1.0001 WHERE CODE = 'A1'");
    await untilDrained(given.topicPrefix);
    const later = await readHistory(env.kafka, env.decoder, shopTopic(given.topicPrefix, 'dbo.ITEM'));
    const update = later.find((r) => r.envelope?.op === 'u')!.envelope!;
    expect(update.before!['PRICE']).toBe('922337203685477.5807');
    expect(update.after).toMatchObject({ PRICE: '1.0001', NOTES: UNAVAILABLE_VALUE, SEEN: 1_767_323_045_123_456_700n });
    expect(Math.abs(Number(update.source.ts_ms) - Date.now())).toBeLessThan(120_000);
    stop.abort();
    await running;
    await own.close();
  });

  test('streams while it snapshots, goes on after a stop, and writes each change once', async () => {
    const given = setup();
    let since: string | undefined;
    for (const rounds of [60, 40]) {
      const { capture, kafka: own } = buildCapture(given);
      const stop = new AbortController();
      const running = capture.run(stop.signal);
      await eventually(() => expect(capture.status().position).not.toBeNull(), { timeoutMs: 60_000 });
      since ??= capture.status().position!;
      for (let n = 0; n < rounds; n++) await work(env.shop, rounds * 1000 + n);
      await untilDrained(given.topicPrefix);
      // The first run may be stopped in the middle of the snapshot; the second finishes it.
      if (rounds === 40)
        await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 60_000 });
      stop.abort();
      await running;
      await own.close();
    }
    await expectExactHistory(env, given.topicPrefix, since!, { readOnce: true });
    await expectSameStock(env, given.topicPrefix);
  });

  test('loses and doubles nothing when it is killed again and again', async () => {
    const given = setup();
    const first = spawnCapture(given);
    const firstExited = once(first, 'exit');
    await eventually(
      async () => expect(await env.kafka.partitionCount(shopTopic(given.topicPrefix, 'dbo.QUIET'))).toBe(3),
      {
        timeoutMs: 60_000,
      },
    );
    const since = await untilStreaming(given.topicPrefix);
    first.kill('SIGKILL');
    await firstExited;
    let rounds = 0;
    let working = true;
    const worker = (async () => {
      while (working) await work(env.shop, 200_000 + rounds++);
    })();
    for (let kill = 0; kill < 4; kill++) {
      const before = await written(given.topicPrefix);
      const child = spawnCapture(given);
      const exited = once(child, 'exit');
      await eventually(
        async () => expect(await written(given.topicPrefix)).toBeGreaterThan(before + 30n + BigInt(kill * 41)),
        {
          timeoutMs: 60_000,
          everyMs: 1,
        },
      );
      child.kill('SIGKILL');
      await exited;
    }
    working = false;
    await worker;
    const child = spawnCapture(given);
    const exited = once(child, 'exit');
    await untilDrained(given.topicPrefix);
    // The snapshot may still be under way after so many kills.
    await eventually(() => expectSameStock(env, given.topicPrefix), { timeoutMs: 60_000, everyMs: 250 });
    child.kill('SIGKILL');
    await exited;
    await expectExactHistory(env, given.topicPrefix, since, { readOnce: true });
  });
});
