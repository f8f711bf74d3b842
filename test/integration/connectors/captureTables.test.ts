import { describe, expect, test } from 'vitest';
import type { Capture } from '#connectors/capture/capture.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture, type CaptureSetup } from '#test/support/captureProcess.ts';
import { eventually } from '#test/support/eventually.ts';
import { historyByKey, readHistory } from '#test/support/topicHistory.ts';
import { SignalList } from '#test/support/troubledRun.ts';

const env = useCaptureShop();
const WAIT = { timeoutMs: 30_000 };

interface Running {
  readonly capture: Capture;
  readonly signals: SignalList;
  readonly told: CaptureNotification[];
  readonly polls: () => number;
  stop(): Promise<void>;
}

/** A capture that runs beside the test. */
function start(given: CaptureSetup, signals = new SignalList()): Running {
  const told: CaptureNotification[] = [];
  let polls = 0;
  const observer = { notify: (n: CaptureNotification) => void told.push(n), progress: () => void polls++ };
  const { capture, kafka } = buildCapture(given, silentLogger, { observer, signals });
  const abort = new AbortController();
  const running = capture.run(abort.signal).catch((error: unknown) => error);
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
    await kafka.close();
  };
  return { capture, signals, told, polls: () => polls, stop };
}

const streaming = (capture: Capture) =>
  eventually(() => {
    const { state, lastError } = capture.status();
    expect({ state, lastError }).toMatchObject({ state: 'streaming' });
  }, WAIT);

/** The newest record of each key of a table's topic, and whether any key ever went back. */
async function newest(given: CaptureSetup, table: string): Promise<Map<string, Record<string, unknown> | null>> {
  const history = historyByKey(await readHistory(env.kafka, env.decoder, `${given.topicPrefix}.SHOP.dbo.${table}`));
  const rows = new Map<string, Record<string, unknown> | null>();
  for (const [key, records] of history) {
    const places = records.map((r) => r.position);
    expect(places, key).toEqual([...places].sort());
    rows.set(key, records.at(-1)!.envelope?.after ?? null);
  }
  return rows;
}

/** Waits until the table's topic shows this quantity for a key. */
const shows = (given: CaptureSetup, code: string, qty: number) =>
  eventually(async () => {
    const rows = await newest(given, 'STOCK');
    expect(rows.get(JSON.stringify({ CODE: code, PLACE: 1 }))).toMatchObject({ QTY: qty });
  }, WAIT);

const setStock = (code: string, qty: number) =>
  env.shop.batch(`UPDATE dbo.STOCK SET QTY = ${qty} WHERE CODE = '${code}' AND PLACE = 1`);
const setPrice = (code: string, price: string) =>
  env.shop.batch(`UPDATE dbo.ITEM SET PRICE = ${price} WHERE CODE = '${code}'`);

describe('tables of a capture, each for itself', { timeout: 180_000 }, () => {
  test('one whose rights were revoked is held while the others stream, and goes on from its place by itself', async () => {
    const given = env.setup();
    const { capture, told, stop } = start(given);
    await streaming(capture);
    await env.shop.batch('DENY SELECT ON cdc.dbo_STOCK_CT TO reader');
    await eventually(() => expect(capture.status().tables['dbo.STOCK']).toMatchObject({ state: 'held' }), WAIT);
    await setStock('I00010', 5010);
    await setPrice('I00010', '10.5000');
    await eventually(async () => {
      const rows = await newest(given, 'ITEM');
      expect([...rows.values()].some((r) => r?.['CODE'] === 'I00010  ' && r['PRICE'] === '10.5000')).toBe(true);
    }, WAIT);
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'table_held', table: 'dbo.STOCK', code: 'SQL_PERMISSION_DENIED' }),
    );
    await env.shop.batch('REVOKE SELECT ON cdc.dbo_STOCK_CT TO reader');
    await shows(given, 'I00010  ', 5010);
    await eventually(() => expect(capture.status().tables['dbo.STOCK']).toMatchObject({ state: 'streaming' }), WAIT);
    await stop();
  });

  test('one whose changes were cleaned up is read again alone, with the interval told, while the others stream', async () => {
    const given = env.setup();
    const { capture, signals, told, stop } = start(given);
    await streaming(capture);
    signals.list.push({ type: 'pause' });
    await eventually(() => expect(capture.status()).toMatchObject({ state: 'paused', paused: true }), WAIT);
    await setStock('I00020', 5020);
    await setPrice('I00020', '20.5000');
    const mark = await eventually(async () => {
      const [row] = await env.shop.rows('SELECT MAX(c.[__$start_lsn]) FROM cdc.[dbo_ITEM_CT] AS c');
      const lsn = (row![0] as Buffer).toString('hex');
      expect(lsn > capture.status().commitLsn!).toBe(true);
      return lsn;
    }, WAIT);
    await env.shop.batch(
      `EXEC sys.sp_cdc_cleanup_change_table @capture_instance = N'dbo_STOCK', @low_water_mark = 0x${mark}, @threshold = 5000`,
    );
    await eventually(() => expect(told.map((n) => n.type)).toContain('table_changes_lost'), WAIT);
    signals.list.push({ type: 'resume' });
    await shows(given, 'I00020  ', 5020);
    await streaming(capture);
    const lost = told.filter((n) => n.type === 'table_changes_lost');
    expect(lost).toMatchObject([
      { table: 'dbo.STOCK', beforeLsn: mark, action: 'resnapshot', toMs: expect.any(Number) },
    ]);
    expect(told.filter((n) => n.type === 'snapshot_started').slice(-1)).toMatchObject([
      { table: 'dbo.STOCK', reason: 'lost' },
    ]);
    const items = await readHistory(env.kafka, env.decoder, `${given.topicPrefix}.SHOP.dbo.ITEM`);
    expect(items.filter((r) => r.envelope?.op === 'u' && r.envelope.after!['PRICE'] === '20.5000').length).toBe(1);
    await stop();
  });

  test('one is read again, in part, when asked, while it streams and nothing is written to the source', async () => {
    const given = env.setup();
    const { capture, signals, told, stop } = start(given);
    await streaming(capture);
    signals.list.push({ type: 'snapshot', id: 'part', table: 'dbo.STOCK', where: "CODE < 'I00005' AND PLACE = 1" });
    await setStock('I00030', 5030);
    await eventually(
      () => expect(told).toContainEqual({ type: 'snapshot_table_completed', id: 'part', table: 'dbo.STOCK', rows: 5 }),
      WAIT,
    );
    await shows(given, 'I00030  ', 5030);
    const records = await readHistory(env.kafka, env.decoder, `${given.topicPrefix}.SHOP.dbo.STOCK`);
    const twice = [...historyByKey(records)].filter(([, h]) => h.filter((r) => r.envelope?.op === 'r').length === 2);
    expect(twice.map(([key]) => key).sort()).toEqual(
      [0, 1, 2, 3, 4].map((n) => JSON.stringify({ CODE: `I0000${n}  `, PLACE: 1 })),
    );
    expect(capture.status().snapshots).toEqual([]);
    await stop();
  });

  test('a paused capture stays paused when another process takes over, until it is resumed', async () => {
    const given = env.setup();
    const first = start(given);
    await streaming(first.capture);
    first.signals.list.push({ type: 'pause' });
    await eventually(() => expect(first.capture.status().state).toBe('paused'), WAIT);
    // The first is not stopped: it is fenced as if it had been killed.
    const second = start(given, first.signals);
    await eventually(() => expect(second.capture.status().state).toBe('paused'), WAIT);
    const at = second.capture.status().position;
    await setStock('I00040', 5040);
    const seen = second.polls();
    await eventually(() => expect(second.polls()).toBeGreaterThan(seen + 20), WAIT);
    expect(second.capture.status().position).toBe(at);
    second.signals.list.push({ type: 'resume' });
    await shows(given, 'I00040  ', 5040);
    await first.stop();
    await second.stop();
  });

  test('idle ones cost one statement a poll, and how far each is from losing changes is known', async () => {
    const given = env.setup();
    const { capture, polls, stop } = start(given);
    await streaming(capture);
    const [queries, seen] = [capture.status().queries, polls()];
    await eventually(() => expect(polls()).toBeGreaterThan(seen + 40), WAIT);
    const [asked, polled] = [capture.status().queries - queries, polls() - seen];
    // The poll under way when counting began had sent its statement already.
    expect(asked).toBeGreaterThanOrEqual(polled - 1);
    // Besides: a look at the schema and at the headroom, each at most twice a minute.
    expect(asked).toBeLessThanOrEqual(polled + 12);
    expect(capture.status().tables['dbo.QUIET']).toMatchObject({
      retainedHours: expect.any(Number),
    });
    await stop();
  });
});
