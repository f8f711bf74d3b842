import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { documentText } from '#consumers/catalog/documentText.ts';
import { writeStock } from '#consumers/stock/stockHandler.ts';
import { product, stock } from '#infra/demo/epos/sluice.config.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { createLogger } from '#infra/runtime/logger.ts';
import { startStack } from '#infra/stack/stack.ts';
import { createRegistry } from '#schemas/registry.ts';
import { TestShop } from '#test/support/consumers/running.ts';
import { eposDocuments } from '#test/support/eposDocuments.ts';
import { eventually } from '#test/support/eventually.ts';
import { BenchFeed } from './consumers/feed.ts';

/**
 * What a change takes in Kafka, a document in Elasticsearch and a stock level in Redis, for docs/capacity.md; `rowsMemory.ts` beside it does the same for the rows in
 * Redis. Bytes only: it may run on a busy machine, and on servers that stand (SLUICE_STACK=external). Usage: node test/bench/sizes.ts
 */
const { values } = parseArgs({ options: { products: { type: 'string', default: '20000' } } });
const PER_REQUEST = 1000;

const stack = await startStack({
  parts: ['kafka', 'registry', 'redis', 'elasticsearch'],
  log: createLogger('sizes', 'warn'),
});
try {
  const search = await perDocument(stack.addresses.elasticsearch!.url, Number(values.products));
  const [change, level] = [await perChange(), await perLevel(Number(values.products))];
  process.stdout.write(`${JSON.stringify({ ...search, ...change, ...level })}\n`);
} finally {
  await stack.stop();
}

/** Bytes on disk of the demo's documents in an index of the demo's mapping, merged into one segment and as they were written. */
async function perDocument(url: string, count: number) {
  const { documents } = eposDocuments({ seed: 1, products: count, customers: 1, orders: 1 });
  const index = `sizes-${randomUUID()}`;
  const ask = async <T>(method: string, path: string, body?: string): Promise<T> => {
    const response = await fetch(`${url}/${index}${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/x-ndjson' }, body }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const bytes = async (): Promise<number> => {
    await ask('POST', '/_flush');
    const answer = await ask<{ _all: { primaries: { store: { size_in_bytes: number } } } }>('GET', '/_stats/store');
    return Math.round(answer._all.primaries.store.size_in_bytes / documents.length);
  };
  const settings = { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '30s', ...product.settings };
  await ask('PUT', '', JSON.stringify({ settings, mappings: { dynamic: false, properties: product.mapping } }));
  try {
    let text = 0;
    for (let start = 0; start < documents.length; start += PER_REQUEST) {
      let body = '';
      for (const document of documents.slice(start, start + PER_REQUEST)) {
        const source = documentText(document);
        text += source.length;
        body += `{"index":{"_id":${JSON.stringify(document.sku)}}}\n${source}\n`;
      }
      await ask('POST', '/_bulk?filter_path=errors', body);
    }
    const asWritten = await bytes();
    await ask('POST', '/_forcemerge?max_num_segments=1');
    return {
      documents: documents.length,
      documentText: Math.round(text / documents.length),
      indexAsWritten: asWritten,
      indexMerged: await bytes(),
    };
  } finally {
    await ask('DELETE', '');
  }
}

/** Bytes of one update of a product row of eight columns, one of them a text of 200 characters, with its old image. */
async function perChange() {
  const shop = new TestShop(stack.addresses, { maxBatchRecords: 1000 });
  await shop.open();
  try {
    const topic = shop.feed.topic('dbo.PRODUCT');
    const feed = new BenchFeed(shop.kafka, createRegistry(shop.config.registry), shop.id, (table) =>
      shop.feed.topic(table),
    );
    const row = (i: number, PRICE: string) => ({
      CODE: `P${i}`.padEnd(10),
      NAME: `Thing number ${i}`,
      LONG_DESC: 'A description of about two hundred characters, as a shop has it. '.repeat(3),
      CAT: `C${i % 50}`,
      VAT: 'S',
      PRICE,
      SEQ: BigInt(i),
      LIVE: 'Y',
    });
    const rows = Array.from({ length: 1000 }, (_, i) => row(i, '2.00'));
    const backlog = await feed.write('dbo.PRODUCT', rows, ({ SEQ }) => row(Number(SEQ), '1.00'));
    await backlog.show();
    // The marker that ends the transaction is written to each partition by itself.
    await eventually(async () => {
      const ends = (await shop.kafka.endOffsets([topic])).get(topic)!;
      expectAll([...ends.values()].reduce((sum, end) => sum + Number(end), 0) >= rows.length + ends.size);
    });
    let bytes = 0;
    await shop.kafka.readTopic({
      topic,
      from: 'beginning',
      onBatch: ({ messages }) => {
        for (const { key, value, headers } of messages) {
          bytes += (key?.length ?? 0) + (value?.length ?? 0);
          for (const name in headers) bytes += name.length + headers[name]!.length;
        }
      },
    });
    return { changeInKafka: Math.round(bytes / rows.length) };
  } finally {
    await shop.close();
  }
}

function expectAll(there: boolean): void {
  if (!there) throw new Error('not all records can be read yet');
}

/** Bytes of a level in Redis, where each sku has four of them; on a Redis of its own, since its memory is the measure. */
async function perLevel(skus: number) {
  const own = await startStack({ parts: ['redis'], log: createLogger('sizes', 'warn'), provider: 'local' });
  const redis = new RedisClient({
    url: own.addresses.redis!.url,
    keyPrefix: 'sluice:',
    name: 'sizes',
    log: createLogger('sizes', 'warn'),
  });
  const used = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(String(await redis.send(command('INFO', 'memory'))))![1]);
  try {
    const locations = 4;
    const sink = { redis, definition: stock, now: () => Date.now() };
    const control = { reject: () => undefined, signal: new AbortController().signal };
    await writeStock(sink, levels(0, 1, locations), control);
    const before = await used();
    for (let start = 1; start <= skus; start += PER_REQUEST)
      await writeStock(sink, levels(start, Math.min(PER_REQUEST, skus + 1 - start), locations), control);
    return { levelInRedis: Math.round(((await used()) - before) / (skus * locations)) };
  } finally {
    await redis.close();
    await own.stop();
  }
}

/** A batch of changes as the stock consumer gets them. */
function levels(first: number, count: number, locations: number): Parameters<typeof writeStock>[1] {
  const records = Array.from({ length: count * locations }, (_, i) => {
    const [sku, location] = [first + Math.floor(i / locations), i % locations];
    const row = { PROD_CODE: `P${sku}`.padEnd(10), BRANCH_NO: location, QTY_ON_HAND: 123, QTY_ALLOC: 4 };
    const position = sku.toString(16).padStart(49, '0');
    const value = { op: 'r', key: row, before: null, after: row, position, sourceTsMs: 0 };
    return { value, message: {} } as unknown as Parameters<typeof writeStock>[1]['records'][number];
  });
  return { topic: 'stock', partition: 0, records };
}
