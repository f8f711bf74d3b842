import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture, spawnCapture } from '#test/support/captureProcess.ts';
import { CAPTURE_SHOP_TABLES, work } from '#test/support/captureShop.ts';
import { eventually } from '#test/support/eventually.ts';
import { type DecodedRecord, historyByKey, readHistory } from '#test/support/topicHistory.ts';

const env = useCaptureShop();
const { setup } = env;

const topic = (prefix: string, table: string): string => `${prefix}.SHOP.${table}`;

async function addQuiet(): Promise<number> {
  const id = Math.floor(Math.random() * 2 ** 31);
  await env.shop.batch(`INSERT INTO dbo.QUIET (ID) VALUES (${id})`);
  return id;
}

async function createdQuiet(prefix: string, ids: ReadonlySet<unknown>): Promise<string> {
  const records = await readHistory(env.kafka, env.decoder, topic(prefix, 'dbo.QUIET'));
  const found = records.find((r) => r.envelope?.op === 'c' && ids.has(r.key['ID']));
  expect(found).toBeDefined();
  return found!.position;
}

/** Waits until changes stream, and gives the position of one. A row written before the stream's start is read, not streamed: so many are written. */
async function untilStreaming(prefix: string): Promise<string> {
  const ids = new Set<number>();
  const look = async (): Promise<string> => createdQuiet(prefix, ids.add(await addQuiet()));
  return eventually(look, { timeoutMs: 60_000, everyMs: 200 });
}

/** Waits until everything committed so far is in the topics. */
async function untilDrained(prefix: string): Promise<void> {
  const id = new Set([await addQuiet()]);
  await eventually(() => createdQuiet(prefix, id), { timeoutMs: 60_000, everyMs: 200 });
}

/** Positions of every change the source has captured of the table, from its change table. */
async function sourceChanges(table: string): Promise<string[]> {
  const rows = await env.shop.rows(
    `SELECT c.[__$start_lsn], c.[__$command_id], c.[__$seqval], c.[__$operation] FROM cdc.[${table.replace('.', '_')}_CT] AS c WHERE c.[__$operation] <> 3`,
  );
  const hex = (value: unknown): string => (value as Buffer).toString('hex');
  return rows
    .map(([lsn, command, seq, op]) => `${hex(lsn)}${(command as number).toString(16).padStart(8, '0')}${hex(seq)}${op}`)
    .sort();
}

async function checkHistory(prefix: string, since: string): Promise<void> {
  for (const table of CAPTURE_SHOP_TABLES) {
    const records = await readHistory(env.kafka, env.decoder, topic(prefix, table));
    const changes = records.filter((r) => r.envelope && r.envelope.op !== 'r').map((r) => r.position);
    expect(new Set(changes).size, `${table}: nothing twice`).toBe(changes.length);
    const later = changes.filter((p) => p > since).sort();
    expect(later, `${table}: nothing missing`).toEqual((await sourceChanges(table)).filter((p) => p > since));
    for (const [key, list] of historyByKey(records)) {
      const positions = list.map((r) => r.position);
      expect(positions, `${table} ${key}: forward only`).toEqual([...positions].sort());
      expect(list.filter((r) => r.envelope?.op === 'r').length, `${table} ${key}: read once`).toBeLessThanOrEqual(1);
    }
  }
}

/** Records (and transaction markers) in the topic of STOCK. */
async function written(prefix: string): Promise<bigint> {
  const ranges = await env.kafka.topicOffsets(topic(prefix, 'dbo.STOCK'));
  return [...ranges.values()].reduce((sum, { end }) => sum + end, 0n);
}

/** Last state of each key of STOCK: `CODE/PLACE` → QTY. */
function stockOf(records: readonly DecodedRecord[]): Map<string, unknown> {
  const stock = new Map<string, unknown>();
  for (const { key, envelope } of records) {
    const id = `${key['CODE']}/${key['PLACE']}`;
    if (envelope?.after) stock.set(id, envelope.after['QTY']);
    else stock.delete(id);
  }
  return stock;
}

async function checkStock(prefix: string): Promise<void> {
  const rows = await env.shop.rows('SELECT s.CODE, s.PLACE, s.QTY FROM dbo.STOCK AS s');
  const expected = new Map(rows.map(([code, place, qty]) => [`${code}/${place}`, qty]));
  const found = stockOf(await readHistory(env.kafka, env.decoder, topic(prefix, 'dbo.STOCK')));
  expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
}

describe('capturing a database into Kafka', () => {
  test('snapshots a quiet database and carries every value exactly', async () => {
    const given = setup();
    const { capture, kafka: own } = buildCapture(given);
    const stop = new AbortController();
    const running = capture.run(stop.signal);
    await eventually(() => expect(capture.status().state).toBe('streaming'), { timeoutMs: 60_000 });
    const records = await readHistory(env.kafka, env.decoder, topic(given.topicPrefix, 'dbo.ITEM'));
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
    const later = await readHistory(env.kafka, env.decoder, topic(given.topicPrefix, 'dbo.ITEM'));
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
    await checkHistory(given.topicPrefix, since!);
    await checkStock(given.topicPrefix);
  });

  test('loses and doubles nothing when it is killed again and again', async () => {
    const given = setup();
    const first = spawnCapture(given);
    const firstExited = once(first, 'exit');
    await eventually(
      async () => expect(await env.kafka.partitionCount(topic(given.topicPrefix, 'dbo.QUIET'))).toBe(3),
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
    await eventually(() => checkStock(given.topicPrefix), { timeoutMs: 60_000, everyMs: 250 });
    child.kill('SIGKILL');
    await exited;
    await checkHistory(given.topicPrefix, since);
  });
});
