import { describe, expect, test } from 'vitest';
import { preflight } from '#connectors/sqlserver/preflight.ts';
import { useCaptureShop } from '#test/support/captureEnvironment.ts';
import { buildCapture } from '#test/support/captureProcess.ts';
import { plainNeeds } from '#test/support/captureSettings.ts';
import { CAPTURE_SHOP_TABLES, work } from '#test/support/captureShop.ts';
import { eventually } from '#test/support/eventually.ts';

const env = useCaptureShop();
const { setup } = env;
const needs = (tables: readonly string[]) => plainNeeds('SHOP', tables);

describe('a capture that cannot work', () => {
  test('preflight finds everything in place for the capture login', async () => {
    const results = await preflight(env.setup().source, needs(CAPTURE_SHOP_TABLES));
    expect(results.filter((r) => !r.ok)).toEqual([]);
  });

  test('preflight names what is missing', async () => {
    const wrong = await preflight({ ...env.setup().source, password: 'wrong' }, needs(['dbo.ITEM']));
    expect(wrong).toMatchObject([{ ok: false, actual: expect.stringContaining('SQL_LOGIN_FAILED') }]);
    const tables = await preflight(env.setup().source, needs(['dbo.NOWHERE']));
    expect(tables.find((r) => r.check === 'table dbo.NOWHERE')).toMatchObject({
      ok: false,
      actual: 'no capture instance',
    });
    const master = await preflight(
      { ...env.setup().source, user: 'sa', password: env.standin.saPassword, database: 'master' },
      needs(['dbo.X']),
    );
    expect(master.find((r) => r.check === 'source: change data capture')).toMatchObject({
      ok: false,
      actual: 'not enabled',
    });
  });

  test('goes on by itself when the registry was away', async () => {
    const given = { ...setup(), registryUrl: 'http://127.0.0.1:9' };
    const { capture, kafka: own } = buildCapture(given);
    const stop = new AbortController();
    const running = capture.run(stop.signal);
    await eventually(() => expect(capture.status()).toMatchObject({ state: 'waiting' }), { timeoutMs: 60_000 });
    expect(capture.status().lastError).toContain('SCHEMA_REGISTRY_UNREACHABLE');
    stop.abort();
    await running;
    await own.close();
  });

  test.each([
    ['a wrong password', { source: { password: 'wrong' } }, 'SQL_LOGIN_FAILED', /reader/],
    ['a database that does not exist', { source: { database: 'NOPE' } }, 'SQL_DATABASE_UNAVAILABLE', /NOPE/],
    ['a table without a capture instance', { tables: ['dbo.ITEM', 'dbo.GONE'] }, 'CDC_TABLE_NOT_CAPTURED', /dbo\.GONE/],
  ])('ends with a clear error for %s', async (_what, change, code, message) => {
    const given = setup();
    const { capture, kafka: own } = buildCapture({
      ...given,
      ...change,
      source: { ...given.source, ...('source' in change ? change.source : {}) },
    });
    const ended = capture.run(new AbortController().signal);
    await expect(ended).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(capture.status().state).toBe('failed');
    await own.close();
  });

  test('ends with a clear error for a database without change data capture', async () => {
    const given = setup();
    const source = { ...given.source, user: 'sa', password: env.standin.saPassword, database: 'tempdb' };
    const { capture, kafka: own } = buildCapture({ ...given, source });
    await expect(capture.run(new AbortController().signal)).rejects.toMatchObject({ code: 'CDC_NOT_ENABLED' });
    await own.close();
  });

  // Last, because it empties change tables the other tests compare with.
  test('stops only the table, when told so, whose changes clean-up removed before they were read', async () => {
    const given = setup();
    const first = buildCapture(given);
    const stop = new AbortController();
    const running = first.capture.run(stop.signal);
    await eventually(() => expect(first.capture.status().state).toBe('streaming'), { timeoutMs: 60_000 });
    stop.abort();
    await running;
    await first.kafka.close();
    const newestChange = async (): Promise<string> => {
      const [row] = await env.shop.rows('SELECT MAX(c.[__$start_lsn]) FROM cdc.[dbo_STOCK_CT] AS c');
      return (row?.[0] as Buffer | null)?.toString('hex') ?? '';
    };
    const before = await newestChange();
    await work(env.shop, 900_001);
    const after = await eventually(async () => {
      const newest = await newestChange();
      expect(newest > before).toBe(true);
      return newest;
    });
    await env.shop.batch(
      `EXEC sys.sp_cdc_cleanup_change_table @capture_instance = N'dbo_STOCK', @low_water_mark = 0x${after}, @threshold = 5000`,
    );
    const second = buildCapture({ ...given, settings: { onLoss: 'stop' } });
    const again = new AbortController();
    const going = second.capture.run(again.signal);
    await eventually(() => {
      const { state, tables } = second.capture.status();
      expect(state).toBe('streaming');
      expect(tables['dbo.STOCK']).toMatchObject({
        state: 'stopped',
        stopped: { code: 'CDC_LSN_NOT_AVAILABLE', held: false, reason: expect.stringContaining(`before ${after}`) },
      });
      expect(tables['dbo.ITEM']).toMatchObject({ state: 'streaming' });
    });
    again.abort();
    await going;
    await second.kafka.close();
  });
});
