import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { customerKey, customerStampsKey, linesKey, listMember, orderKey } from '#consumers/orders/orderKeys.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { COPY_LAYOUT } from '#consumers/runner/layout.ts';
import { progressReader } from '#consumers/runner/progress.ts';
import { skuKey } from '#consumers/stock/stockKeys.ts';
import { repairCopies } from '#infra/ops/verify/repair.ts';
import { describeDifference, type VerifyReport } from '#infra/ops/verify/report.ts';
import { readSummary } from '#infra/ops/verify/summary.ts';
import { type VerifyOptions, verifyCopies } from '#infra/ops/verify/verifyCopies.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { Servers } from '#test/reliability/readModels/servers.ts';
import { passingSku, skuOf } from '#test/reliability/readModels/shopTables.ts';
import { World } from '#test/reliability/readModels/world.ts';
import { eventually } from '#test/support/eventually.ts';
import { startStandin } from '#test/support/standinProcess.ts';

/** Rows of the test's own, which the traffic never touches, so that nothing heals by itself. */
const OWN = 12;
const own = (n: number): string => `D${String(n).padStart(3, '0')}`;
/** Some 15 transactions of ten changes a second. */
const PAUSE_MS = 60;
const COPIES = ['rows', 'stock', 'orders', 'catalog.product'];
const AHEAD = `${'f'.repeat(20)}${'0'.repeat(28)}4`;
const EARLY = `${'0'.repeat(19)}1${'0'.repeat(28)}4`;

let world: World;
let trade: Promise<void> = Promise.resolve();
const closing = new AbortController();
let logDir: string;
let redis: RedisClient;
let store: RowStore;
let options: VerifyOptions;
let close: () => Promise<void>;

beforeAll(async () => {
  const standin = await startStandin({ args: ['--capture-interval', '50', '--tls', 'off'] });
  logDir = mkdtempSync(join(tmpdir(), 'sluice-verify-'));
  const servers = { addresses: inject('stack'), standin } as unknown as Servers;
  world = await World.open(`V${Date.now().toString(36)}`, servers, 1, logDir);
  const config = await world.config();
  redis = new RedisClient({ ...config.redis, name: 'test', log: silentLogger });
  store = new RowStore(redis);
  options = {
    config: { ...config, verify: { ...config.verify, patienceSeconds: 120 } },
    kafka: world.kafka,
    log: silentLogger,
    signal: AbortSignal.timeout(900_000),
    rowsPerSecond: null,
  };
  close = async () => {
    closing.abort();
    await trade;
    await redis.close();
    await world.close();
    await standin.stop();
    rmSync(logDir, { recursive: true, force: true });
  };
  const numbers = Array.from({ length: OWN }, (_, i) => i + 1);
  await world.db.batch(`BEGIN TRANSACTION;
INSERT INTO dbo.CAT_GROUP (GRP, SEQ) VALUES (99, 1);
INSERT INTO dbo.CATEGORY (CAT, GRP, SEQ) VALUES ('OWN', 99, 1);
INSERT INTO dbo.PRODUCT (CODE, NAME, LONG_DESC, CAT, SEQ, LIVE) VALUES ${numbers.map((n) => `('${own(n)}', 'Own ${n}', 'Text ${n}', 'OWN', 1, 'Y')`).join(', ')};
INSERT INTO dbo.BARCODE (BARCODE, CODE) VALUES ${numbers.map((n) => `('OWN${n}', '${own(n)}')`).join(', ')};
INSERT INTO dbo.STOCK (CODE, BRANCH, QTY) VALUES ${numbers.map((n) => `('${own(n)}', 0, ${n})`).join(', ')};
INSERT INTO dbo.ORD (ORD_NO, CUST, STATUS, TOTAL) VALUES ${numbers.map((n) => `(${900_000 + n}, 7, 'N', ${n}.50)`).join(', ')};
INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, CODE, QTY) VALUES ${numbers.map((n) => `(${900_000 + n}, 1, '${own(n)}', ${n}), (${900_000 + n}, 2, '${own(1)}', 1)`).join(', ')};
COMMIT TRANSACTION;`);
  await world.db.batch(`UPDATE dbo.ORD SET STATUS = 'P' WHERE ORD_NO IN (900005, 900006);`);
  await world.db.batch('UPDATE dbo.ORD SET CUST = 8 WHERE ORD_NO = 900007;');
  const progress = progressReader(redis, config.consumers.groupPrefix);
  await eventually(
    async () => expect([...(await progress.passedAll(COPIES)).values()].every((passed) => passed !== null)).toBe(true),
    { timeoutMs: 120_000, everyMs: 500 },
  );
  await eventually(async () => expect((await verifyCopies(options)).outcome).toBe('equal'), {
    timeoutMs: 120_000,
    everyMs: 500,
  });
  trade = sell();
}, 180_000);

afterAll(async () => close?.(), 60_000);

/** Steady changes of rows, levels and orders, orders that go to another customer, and rows that come and go, until the end. */
async function sell(): Promise<void> {
  for (let n = 1; !closing.signal.aborted; n++) {
    const code = skuOf((n * 37) % 1000);
    await world.db.batch(`BEGIN TRANSACTION;
UPDATE dbo.STOCK SET QTY = QTY + 1 WHERE CODE = '${code}';
UPDATE dbo.PRODUCT SET SEQ = SEQ + 1, NAME = 'Sold ${n}' WHERE CODE = '${code}';
INSERT INTO dbo.ORD (ORD_NO, CUST, STATUS, TOTAL) VALUES (${n}, 1, 'N', ${n});
INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, CODE, QTY) VALUES (${n}, 1, '${code}', 1), (${n}, 2, '${code}', 2);
UPDATE dbo.ORD SET STATUS = 'S', CUST = 2 WHERE ORD_NO = ${n - 5};
UPDATE dbo.ORD_LINE SET QTY = 3 WHERE ORD_NO = ${n - 5} AND LINE_NO = 1;
DELETE FROM dbo.ORD_LINE WHERE ORD_NO = ${n - 10};
DELETE FROM dbo.ORD WHERE ORD_NO = ${n - 10};
INSERT INTO dbo.PRODUCT (CODE, NAME, LONG_DESC, CAT, SEQ, LIVE) VALUES ('${passingSku(n)}', 'Passing', NULL, 'C1', 1, 'Y');
DELETE FROM dbo.PRODUCT WHERE CODE = '${passingSku(n - 20)}';
COMMIT TRANSACTION;`);
    await setTimeout(PAUSE_MS);
  }
}

/** Member of a list for one of our own orders, and how a report calls it in the list of customer 7. */
const entry = (orderId: string): string => listMember(orderId, null);
const listed = (orderId: string): string => JSON.stringify(['7', entry(orderId)]);
const lines = ({ differences }: VerifyReport): string[] => differences.map(describeDifference).sort();
const rowKey = (code: string): string => JSON.stringify({ CODE: code.padEnd(10) });

describe('verify while the shop is busy', () => {
  it('finds nothing wrong with copies that are right, run after run', async () => {
    for (let run = 0; run < 3; run++) {
      const report = await verifyCopies(options);
      expect([report.outcome, lines(report), report.undecided]).toEqual(['equal', [], []]);
      expect(report.compared).toMatchObject({ 'row dbo.CATEGORY': 13, 'row dbo.CAT_GROUP': 4 });
      for (const what of ['row dbo.PRODUCT', 'product']) expect(report.compared[what]).toBeGreaterThan(900);
      expect(report.compared['stock']).toBeGreaterThan(2000);
    }
  });

  it('asks the source for a few bytes a row', async () => {
    const report = await verifyCopies({ ...options, tables: ['dbo.PRODUCT'] });
    expect(report.cost.bytes / report.compared['row dbo.PRODUCT']!).toBeLessThan(60);
  });

  it('names every thing that is wrong, and mends it by reading the rows again', async () => {
    const index = await liveIndex();
    // Rows: changed, lost, not in the source, at a place the source never had, not to be found over its link.
    await rewriteRow(own(1), (row) => ({ ...row, NAME: 'Not this' }));
    await forEachKey(`:r${COPY_LAYOUT}:dbo.PRODUCT`, (key) => redis.send(command('HDEL', key, rowKey(own(2)))));
    await store.write('dbo.PRODUCT', [
      { key: rowKey('GHOST'), position: EARLY, row: (await storedRow(own(1))).row, links: [] },
    ]);
    await rewriteRow(own(3), (row) => ({ ...row, SEQ: 99 }), AHEAD);
    const barcode = (await store.versions('dbo.BARCODE', ['{"BARCODE":"OWN4"}'])).get('{"BARCODE":"OWN4"}')!;
    const entries = barcode.links.map((link) => ({ link, rowKey: '{"BARCODE":"OWN4"}', position: AHEAD }));
    await store.links.leave('dbo.BARCODE', entries);
    // Documents: changed, lost, of no row, at a version above all that will be given.
    await world.elastic('POST', `/${index}/_update/${own(5)}`, { doc: { name: 'Not this' } });
    await world.elastic('DELETE', `/${index}/_doc/${own(6)}`);
    await world.elastic('PUT', `/${index}/_doc/GHOST9`, { sku: 'GHOST9', deleted: false });
    const { _source } = await world.elastic<{ _source: object }>('GET', `/${index}/_doc/${own(7)}`);
    const version = (Date.now() + 864e5) * 1000;
    await world.elastic('PUT', `/${index}/_doc/${own(7)}?version=${version}&version_type=external`, {
      ..._source,
      name: 'Not this',
    });
    // Stock: changed, lost, of no row, at a place the source never had.
    await changeField(skuKey(redis, own(8)), '0', (stored) => `${stored.slice(0, 49)}77|0`);
    await redis.send(command('HDEL', skuKey(redis, own(9)), '0'));
    await redis.send(command('HSET', skuKey(redis, 'GHOST'), '0', `${EARLY}5|0`));
    await changeField(skuKey(redis, own(10)), '0', (stored) => `${AHEAD}${stored.slice(49)}`);
    // Orders: changed, lost, of no row.
    await changeOrder('900001', (view) => ({ ...view, status: 'shipped' }));
    await redis.send(command('DEL', orderKey(redis, '900002')));
    await redis.send(
      command(
        'HSET',
        orderKey(redis, '999999'),
        'p',
        EARLY,
        'v',
        '{"orderId":"999999","customerId":"1","status":"new"}',
      ),
    );

    // Lines: changed, lost, of no row, at a place the source never had.
    const lines3 = linesKey(redis, '900003');
    await changeField(lines3, '1', (stored) => stored.replace('"quantity":3', '"quantity":33'));
    await redis.send(command('HDEL', lines3, '2'));
    await redis.send(command('HSET', linesKey(redis, '999998'), '1', `${EARLY}{"lineId":"1","sku":"X","quantity":1}`));
    await changeField(linesKey(redis, '900004'), '1', (stored) => `${AHEAD}${stored.slice(49)}`);
    // Customers' lists: an order lost, one that went to another customer, one entered at a place the source never had.
    await redis.send(command('ZREM', customerKey(redis, '7'), entry('900004')));
    await redis.send(command('HDEL', customerStampsKey(redis, '7'), '900004'));
    await redis.send(command('ZADD', customerKey(redis, '7'), 0, entry('900007')));
    await redis.send(command('HSET', customerStampsKey(redis, '7'), '900007', EARLY + entry('900007')));
    await changeField(customerStampsKey(redis, '7'), '900008', (stored) => `${AHEAD}${stored.slice(49)}`);
    // Histories: the last step wrong, a step at a place the source never had.
    await changeField(orderKey(redis, '900005'), 'h', (steps) => steps.replace(/picking(?=\t\d+$)/u, 'new'));
    await changeField(orderKey(redis, '900006'), 'h', (steps) => `${steps}\n${AHEAD}\ts\tpicking\t0`);

    const report = await verifyCopies(options);
    const wrong = lines(report);
    expect(wrong).toEqual(expect.arrayContaining(EXPECTED));
    // What a wrong row is built into is wrong as well, as far as it was built anew meanwhile; nothing else may be named.
    const rest = wrong.filter((line) => !EXPECTED.includes(line));
    expect(rest).toEqual([]);
    expect(report.outcome).toBe('different');

    const dry = await repairCopies(options, report, false);
    expect(dry.after).toBeNull();
    expect(dry.steps).toContain('read 1 rows of dbo.BARCODE again');

    const one = await verifyCopies({ ...options, tables: ['dbo.PRODUCT'], keys: [[own(2)], [own(8)]] });
    expect(lines(one)).toEqual([`row dbo.PRODUCT ${rowKey(own(2))}: missing in the copy`]);
    // Nothing was mended by the dry run.
    const told = await world.sluice(['verify', '--table', 'dbo.ORD_LINE', '--json']);
    expect([told.code, (JSON.parse(told.stdout) as VerifyReport).differenceCount]).toEqual([4, 4]);

    const { after } = await repairCopies(options, report, true);
    expect([after!.outcome, lines(after!), after!.undecided]).toEqual(['equal', [], []]);
    const again = await world.sluice(['verify']);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('0 differences, 0 undecided')]);
    const summary = await readSummary(redis);
    expect(summary).toMatchObject({ differences: 0, undecided: 0 });
  }, 240_000);
});

const EXPECTED = [
  // What is built of the wrong rows: told apart from the rows' own faults by what is compared with what.
  `product ${own(1)}: name differs`,
  `product ${own(2)}: in the copy, not in the source`,
  `product ${own(3)}: seq differs`,
  `product ${own(4)}: barcodes differs`,
  'product GHOST: missing in the copy',
  `row dbo.PRODUCT ${rowKey(own(1))}: NAME differs`,
  `row dbo.PRODUCT ${rowKey(own(2))}: missing in the copy`,
  `row dbo.PRODUCT ${rowKey('GHOST')}: in the copy, not in the source`,
  `row dbo.PRODUCT ${rowKey(own(3))}: carries a position the source has not reached`,
  'row dbo.BARCODE {"BARCODE":"OWN4"}: cannot be found over CODE',
  `product ${own(5)}: name differs`,
  `product ${own(6)}: missing in the copy`,
  'product GHOST9: in the copy, not in the source',
  `product ${own(7)}: name differs`,
  `stock ["${own(8)}","0"]: level differs`,
  `stock ["${own(9)}","0"]: missing in the copy`,
  'stock ["GHOST","0"]: in the copy, not in the source',
  `stock ["${own(10)}","0"]: carries a position the source has not reached`,
  'order 900001: status differs',
  'order 900002: missing in the copy',
  'order 999999: in the copy, not in the source',
  'order 900005: its history does not end in its present status',
  'order 900006: its history does not end in its present status',
  'order line ["900003","1"]: quantity differs',
  'order line ["900003","2"]: missing in the copy',
  'order line ["999998","1"]: in the copy, not in the source',
  'order line ["900004","1"]: carries a position the source has not reached',
  `customer list ${listed('900004')}: missing in the copy`,
  `customer list ${listed('900007')}: in the copy, not in the source`,
  `customer list ${listed('900008')}: carries a position the source has not reached`,
];

async function liveIndex(): Promise<string> {
  const found = await world.elastic<Record<string, unknown>>('GET', `/_alias/${world.indexPattern.replace('-*', '')}`);
  return Object.keys(found)[0]!;
}

async function storedRow(code: string) {
  return (await store.versions('dbo.PRODUCT', [rowKey(code)])).get(rowKey(code))!;
}

async function rewriteRow(code: string, change: (row: object) => object, at?: string): Promise<void> {
  const stored = await storedRow(code);
  await store.lowerPosition('dbo.PRODUCT', rowKey(code), stored.position);
  const row = change(stored.row!) as Record<string, unknown>;
  await store.write('dbo.PRODUCT', [{ key: rowKey(code), position: at ?? stored.position, row, links: stored.links }]);
}

async function forEachKey(part: string, act: (key: string) => Promise<unknown>): Promise<void> {
  for await (const keys of redis.scan(`${redis.key('')}*${part}`)) for (const key of keys) await act(key);
}

async function changeField(key: string, field: string, change: (stored: string) => string): Promise<void> {
  const stored = (await redis.send(command('HGET', key, field))) as string;
  await redis.send(command('HSET', key, field, change(stored)));
}

async function changeOrder(id: string, change: (view: object) => object): Promise<void> {
  await changeField(orderKey(redis, id), 'v', (view) => JSON.stringify(change(JSON.parse(view) as object)));
}
