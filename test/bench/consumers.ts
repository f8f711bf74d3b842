import { parseArgs } from 'node:util';
import { TestShop } from '#test/support/consumers/running.ts';
import { eventually } from '#test/support/eventually.ts';

/**
 * Documents and stock levels a second through the whole consumer path: topics → Redis → marks → Elasticsearch. Against servers named by the
 * SLUICE_* variables. Usage: node test/bench/consumers.ts [--products 30000] [--levels 60000]
 */
const { values } = parseArgs({ options: { products: { type: 'string' }, levels: { type: 'string' } } });
const products = Number(values.products ?? 30_000);
const levels = Number(values.levels ?? 60_000);
const address = (name: string): string => process.env[name] ?? '';

const shop = await new TestShop(
  {
    kafka: { brokers: address('SLUICE_KAFKA_BROKERS').split(',') },
    registry: { url: address('SLUICE_REGISTRY_URL') },
    elasticsearch: { url: address('SLUICE_ELASTICSEARCH_URL') },
    redis: { url: address('SLUICE_REDIS_URL') },
  },
  { maxBatchRecords: 1000 },
).open();
const put = async (price: string, op?: 'r'): Promise<void> => {
  await shop.feed.put(
    'dbo.PRODUCT',
    Array.from({ length: products }, (_, i) => ({
      CODE: `P${i}`.padEnd(10),
      NAME: `Thing number ${i}`,
      LONG_DESC: 'A description of about two hundred characters, as a shop has it. '.repeat(3),
      CAT: `C${i % 50}`,
      VAT: 'S',
      PRICE: price,
      SEQ: BigInt(i),
      LIVE: 'Y',
    })),
    op === undefined ? {} : { op },
  );
};
await shop.feed.put(
  'dbo.CATEGORY',
  Array.from({ length: 50 }, (_, i) => ({ CAT: `C${i}`, NAME: `Category ${i}`, GRP: i % 5 })),
);
await put('1.00', 'r');
await shop.feed.put(
  'dbo.STOCK',
  Array.from({ length: levels }, (_, i) => ({ CODE: `P${i >> 1}`, BRANCH: i & 1, QTY: i, ALLOC: 0 })),
  { op: 'r' },
);

const running = await shop.start();
const timed = async (what: string, count: number, done: () => boolean): Promise<void> => {
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  await eventually(done, { truthy: true, timeoutMs: 300_000, everyMs: 20 });
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpuFrom);
  process.stdout.write(
    `${what}: ${Math.round(count / seconds)}/s (${count} in ${seconds.toFixed(1)} s, ${Math.round((user + system) / count)} µs CPU each)\n`,
  );
};
const written = (): number => {
  const { documentsWritten, documentsSuperseded } = running.status('catalog.product') as Record<string, number>;
  return documentsWritten! + documentsSuperseded!;
};
await Promise.all([
  timed('first documents', products, () => written() >= products),
  timed('stock levels', levels, () => (running.status('stock')['levelsWritten'] as number) >= levels),
]);
const before = written();
await put('2.00');
await timed('changed documents', products, () => written() >= before + products);
await shop.feed.put('dbo.CATEGORY', [{ CAT: 'C1', NAME: 'Renamed', GRP: 1 }]);
const renamed = written();
await timed('documents of a renamed category', products / 50, () => written() >= renamed + products / 50);
await running.stop();
await shop.close();
