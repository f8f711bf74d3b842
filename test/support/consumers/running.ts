import { randomBytes } from 'node:crypto';
import { createElastic } from '#consumers/catalog/elastic.ts';
import { createCatalogSearch } from '#consumers/catalog/search.ts';
import { composeConsumers } from '#infra/cli/roles/consumers.ts';
import type { RoleParts } from '#infra/cli/roles/role.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { parseConfig } from '#infra/runtime/config/load.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import type { StackAddresses } from '#infra/stack/stack.ts';
import { createRegistry } from '#schemas/registry.ts';
import { ChangeFeed } from './changeFeed.ts';
import { buildDocuments } from './documentBuilder.ts';
import { DATABASE, orders, type ProductDocument, product, SHAPES, stock } from './shopTables.ts';

const log = process.env['SLUICE_TEST_LOG'] === undefined ? silentLogger : createLogger('test', 'debug');

/** One consumers role in this process. */
export interface RunningConsumers {
  readonly parts: RoleParts;
  status(name: string): Record<string, unknown>;
  stop(): Promise<void>;
}

/** A source, its topics and everything a test needs to look at the copies; nothing is shared with other tests. */
export class TestShop {
  readonly config: Config;
  readonly feed: ChangeFeed;
  readonly kafka: KafkaClient;
  readonly search;
  readonly elastic;
  readonly id: string;

  constructor(addresses: StackAddresses, changes: { readonly maxBatchRecords?: number; readonly id?: string } = {}) {
    this.id = changes.id ?? `t${randomBytes(5).toString('hex')}`;
    this.config = testConfig(addresses, this.id, changes.maxBatchRecords ?? 200);
    this.kafka = createKafkaClient({ brokers: this.config.kafka.brokers, clientId: this.id }, log);
    this.feed = new ChangeFeed(this.kafka, this.id);
    this.search = createCatalogSearch<ProductDocument>(product, this.config.elasticsearch);
    this.elastic = createElastic(this.config.elasticsearch);
  }

  async open(): Promise<this> {
    await this.feed.open(createRegistry(this.config.registry));
    return this;
  }

  async start(config = this.config): Promise<RunningConsumers> {
    const abort = new AbortController();
    const parts = await composeConsumers({ config, log, metrics: createMetrics(), signal: abort.signal });
    for (const component of parts.components) {
      await component.start(abort.signal);
    }
    return {
      parts,
      status: (name) => parts.status[name]!() as Record<string, unknown>,
      stop: async () => {
        abort.abort();
        for (const component of [...parts.components].reverse()) await component.stop();
      },
    };
  }

  /** Every document the source asks for, id → document. */
  expected(): Map<string, object> {
    const rows = Object.fromEntries(
      (Object.keys(SHAPES) as (keyof typeof SHAPES)[]).map((name) => [name, this.feed.rows(name as 'dbo.PRODUCT')]),
    ) as Record<string, Row[]>;
    return buildDocuments(product, rows, ['CODE']);
  }

  /** Every visible document of the index, id → document. */
  async actual(): Promise<Map<string, object>> {
    await this.elastic.request('POST', `/${this.config.elasticsearch.indexPrefix}product/_refresh`);
    const found = new Map<string, object>();
    let cursor: string | undefined;
    do {
      const page = await this.search.search({ sort: 'name', limit: 100, ...(cursor ? { cursor } : {}), facets: [] });
      for (const { id, document } of page.items) found.set(id, document);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  async close(): Promise<void> {
    await this.feed.close();
    await this.kafka.close();
    await this.search.close();
    await this.elastic
      .request('DELETE', `/${this.config.elasticsearch.indexPrefix}product-v1-1`)
      .catch(() => undefined);
    await this.elastic.close();
  }
}

function testConfig(addresses: StackAddresses, id: string, maxBatchRecords: number): Config {
  return parseConfig({
    source: {
      server: 'unused',
      database: DATABASE,
      user: 'unused',
      password: new Secret('test', () => 'unused'),
      tables: Object.keys(SHAPES),
    },
    kafka: { brokers: addresses.kafka!.brokers, topicPrefix: id, partitions: 2 },
    registry: { url: addresses.registry!.url },
    elasticsearch: { url: addresses.elasticsearch!.url, indexPrefix: `${id}-` },
    redis: { url: addresses.redis!.url, keyPrefix: `${id}:` },
    consumers: { groupPrefix: id, maxBatchRecords, refreshIntervalMs: 50 },
    catalog: { documents: [product] },
    stock,
    orders,
  });
}
