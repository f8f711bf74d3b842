import { parseArgs } from 'node:util';
import { planDocument, planTables, type TablePlan } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { linkText, rowKeyText } from '#consumers/rows/rowText.ts';
import { product as adventureWorks } from '#infra/demo/adventureworks/sluice.config.ts';
import { product as epos } from '#infra/demo/epos/sluice.config.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import type { DocumentDefinition, Row } from '#infra/runtime/config/catalog.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { product as shop } from '#test/support/consumers/shopTables.ts';
import { asCaptured, eposDocuments } from '#test/support/eposDocuments.ts';
import { adventureWorksRows, HAS_ADVENTURE_WORKS } from '#test/support/search/adventureWorksDocuments.ts';

/**
 * Bytes of Redis for each row and for each link of the row store, on a Redis of its own. Usage: node test/bench/rowsMemory.ts [--products 100000]
 */
const { values } = parseArgs({ options: { products: { type: 'string' } } });
const products = Number(values.products ?? 100_000);
const BATCH = 1000;

type Tables = Readonly<Record<string, { readonly key: readonly string[]; readonly rows: readonly Row[] }>>;

const log = createLogger('memory', 'warn');
const stack = await startStack({ parts: ['redis'], log, provider: 'local' });
const redis = new RedisClient({ url: stack.addresses.redis!.url, keyPrefix: 'sluice:', name: 'memory', log });
const print = (text: string): void => void process.stdout.write(`${text}\n`);
try {
  print(`Redis ${await info('server', 'redis_version')}; bytes as MEMORY USAGE tells them`);
  await measure('EPOS', epos, eposTables(products));
  await measure('shop with two bar codes each', shop, barcodeTables(products));
  if (HAS_ADVENTURE_WORKS) await measure('AdventureWorks', adventureWorks, adventureWorksTables(products));
} finally {
  await redis.close();
  await stack.stop();
}

async function measure(name: string, definition: DocumentDefinition, tables: Tables): Promise<void> {
  const plans = planTables([planDocument(definition)]);
  print(`\n${name}`);
  let all = 0;
  for (const [table, { key, rows }] of Object.entries(tables)) {
    const plan = plans.get(table)!;
    const micros = await store(plan, key, rows);
    const bytes = await usage();
    const links = rows.length * plan.linkColumns.length;
    all += bytes.rows + bytes.links;
    print(
      `  ${table}: ${rows.length} rows, ${Math.round(bytes.rows / rows.length)} B a row, ${plan.linkColumns.length} links of ` +
        `${links === 0 ? 0 : Math.round(bytes.links / links)} B, ${micros} µs CPU (ours + Redis) to write one`,
    );
  }
  const roots = tables[definition.root]!.rows.length;
  print(`  in all: ${Math.round(all / roots)} B a document, ${(all / roots / 1000).toFixed(2)} GB a million documents`);
}

/** Microseconds of processor time a row, ours and the server's: unlike rows a second they do not depend on what else runs. */
async function store(plan: TablePlan, key: readonly string[], rows: readonly Row[]): Promise<string> {
  await redis.send(command('FLUSHALL', 'SYNC'));
  const rowStore = new RowStore(redis);
  const [own, server] = [process.cpuUsage(), await serverMicros()];
  for (let start = 0; start < rows.length; start += BATCH)
    await rowStore.write(
      plan.table,
      rows.slice(start, start + BATCH).map((row, i) => ({
        key: rowKeyText(Object.fromEntries(key.map((column) => [column, row[column]]))),
        position: positionOf(start + i),
        row,
        links: plan.linkColumns.flatMap((columns) => linkText(row, columns) ?? []),
      })),
    );
  const { user, system } = process.cpuUsage(own);
  const each = (micros: number): string => (micros / rows.length).toFixed(0);
  return `${each(user + system)} + ${each((await serverMicros()) - server)}`;
}

async function serverMicros(): Promise<number> {
  return (Number(await info('cpu', 'used_cpu_user')) + Number(await info('cpu', 'used_cpu_sys'))) * 1e6;
}

function positionOf(n: number): string {
  const lsn = `0000004a00${n.toString(16).padStart(6, '0')}0003`;
  return `${lsn}${'0'.repeat(29)}`;
}

/** Bytes of the keys of rows and of links, by Redis' own reckoning. */
async function usage(): Promise<{ readonly rows: number; readonly links: number }> {
  const bytes = { rows: 0, links: 0 };
  for await (const keys of redis.scan('sluice:*')) {
    const sizes = await redis.sendAll(keys.map((key) => command('MEMORY', 'USAGE', key, 'SAMPLES', 0)));
    for (const [i, key] of keys.entries())
      bytes[/\}:[ln]/u.test(key) || key.includes(':link:') ? 'links' : 'rows'] += sizes[i] as number;
  }
  return bytes;
}

async function info(section: string, field: string): Promise<string> {
  const text = (await redis.send(command('INFO', section))) as string;
  return new RegExp(`^${field}:(.*)$`, 'm').exec(text)![1]!.trim();
}

function eposTables(count: number): Tables {
  const { data } = eposDocuments({ seed: 1, products: count, customers: 1, orders: 1 });
  return {
    'dbo.PRODUCT': { key: ['PROD_CODE'], rows: data.products.map(asCaptured) },
    'dbo.DEPT': { key: ['DEPT_CODE'], rows: data.departments },
    'dbo.VAT_RATE': { key: ['VAT_CODE'], rows: data.vatRates },
  };
}

function barcodeTables(count: number): Tables {
  const codes = Array.from({ length: count }, (_, i) => `P${i}`.padEnd(10));
  return {
    'dbo.PRODUCT': {
      key: ['CODE'],
      rows: codes.map((CODE, i) => ({
        CODE,
        NAME: `Thing number ${i}`,
        LONG_DESC: 'A description of about two hundred characters, as a shop has it. '.repeat(3),
        CAT: `C${i % 50}`,
        VAT: 'S',
        PRICE: '1.00',
        SEQ: BigInt(i),
        LIVE: 'Y',
      })),
    },
    'dbo.BARCODE': {
      key: ['BARCODE'],
      rows: codes.flatMap((CODE, i) => [0, 1].map((n) => ({ BARCODE: String(5_000_000_000_000 + i * 2 + n), CODE }))),
    },
  };
}

/** The sample's 504 products and what belongs to them, as often as it takes, each time under other numbers. */
function adventureWorksTables(count: number): Tables {
  const source = adventureWorksRows();
  const times = Math.ceil(count / source['Production.Product']!.rows.length);
  const moved = (row: Row, by: number): Row =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'number' && /^Product.*ID$/u.test(name) ? value + by * 10_000 : value,
      ]),
    );
  return Object.fromEntries(
    Object.entries(source).map(([table, { key, rows }]) => [
      table,
      { key, rows: Array.from({ length: times }, (_, by) => rows.map((row) => moved(row, by))).flat() },
    ]),
  );
}
