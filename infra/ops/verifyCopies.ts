import { type KeyText, TableReader } from '#connectors/capture/chunk.ts';
import { type SnapshotIsolation, snapshotIsolation } from '#connectors/capture/snapshotIsolation.ts';
import type { SourceRules } from '#connectors/capture/tableRules.ts';
import { loadTables } from '#connectors/capture/tables.ts';
import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { documentBuilder } from '#consumers/catalog/build.ts';
import { scanDocuments } from '#consumers/catalog/scan.ts';
import { scanOrders } from '#consumers/orders/scan.ts';
import { rowsTables } from '#consumers/rows/rowsConsumer.ts';
import { scanStock } from '#consumers/stock/scan.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type Comparison, compare, type Identified } from './verify.ts';

export interface VerifyOptions {
  readonly config: Config;
  /** How the capture reaches its source. */
  readonly database: DatabaseOptions;
  /** What the capture leaves out and masks: the rows are compared as it gives them. */
  readonly rules: SourceRules;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const CHUNK_ROWS = 5000;

/**
 * Compares every document, stock level and order of the copies with what the source gives, read with capture's own login in short
 * SNAPSHOT transactions. Meant for a quiet source: what changes meanwhile shows up as a difference. Source rows are held in memory.
 */
export async function verifyCopies(options: VerifyOptions): Promise<Comparison[]> {
  const { config, rules, signal } = options;
  const { source } = config;
  const database = await openDatabase({ ...options.database, applicationName: 'sluice-verify' });
  try {
    const settings = { database: source.database, tables: source.tables, rules };
    const { tables } = await loadTables(database, settings, null, signal);
    const rows = new SourceRows(database, tables, signal);
    const comparisons: Comparison[] = [];
    for (const definition of config.catalog.documents)
      comparisons.push(await verifyDocuments(definition, rows, config));
    if (config.stock) comparisons.push(await verifyStock(rows, options));
    if (config.orders) comparisons.push(await verifyOrders(rows, options));
    return comparisons;
  } finally {
    await database.close();
  }
}

/** Whole tables as the pipeline carries their rows, each read once. */
class SourceRows {
  readonly #database: Database;
  readonly #tables: ReadonlyMap<string, CapturedTable>;
  readonly #signal: AbortSignal;
  readonly #read = new Map<string, readonly Row[]>();
  #isolation: SnapshotIsolation | undefined;

  constructor(database: Database, tables: readonly CapturedTable[], signal: AbortSignal) {
    this.#database = database;
    this.#tables = new Map(tables.map((table) => [table.id.toLowerCase(), table]));
    this.#signal = signal;
  }

  async of(id: string): Promise<readonly Row[]> {
    const known = this.#read.get(id);
    if (known !== undefined) return known;
    const rows: Row[] = [];
    const reader = new TableReader(this.#database, this.table(id), null, this.#signal);
    this.#isolation ??= (await snapshotIsolation(this.#database, 'auto', this.#signal)).isolation;
    const options = { isolation: this.#isolation, since: ZERO_LSN, onView: () => undefined, upTo: null };
    for (let after: KeyText | null = null; ; ) {
      const read = await reader.range({ ...options, after, limit: CHUNK_ROWS });
      for (const row of read.rows) rows.push(row);
      if (read.last) break;
      after = read.keyOf(read.rows.length - 1);
    }
    this.#read.set(id, rows);
    return rows;
  }

  table(id: string): CapturedTable {
    return this.#tables.get(id.toLowerCase())!;
  }
}

async function verifyDocuments(definition: DocumentDefinition, rows: SourceRows, config: Config): Promise<Comparison> {
  const byTable: Record<string, readonly Row[]> = {};
  for (const table of rowsTables([definition])) byTable[table] = await rows.of(table);
  const builder = documentBuilder(definition, byTable);
  const { keyColumns } = rows.table(definition.root).instance;
  const expected = new Map<string, unknown>();
  for (const root of byTable[definition.root]!) {
    const document = builder.build(root);
    if (document !== null) expected.set(builder.idOf(root, keyColumns), document);
  }
  const actual = mapped(scanDocuments(definition, config.elasticsearch), ({ id, document }) => ({
    id,
    value: document,
  }));
  return compare(definition.type, expected, actual);
}

async function verifyStock(rows: SourceRows, { config, log }: VerifyOptions): Promise<Comparison> {
  const stock = config.stock!;
  const levels = (await rows.of(stock.table)).flatMap((row) => stock.project(row) ?? []);
  const plain = ({ sku, location, onHand, reserved }: (typeof levels)[number]): Identified => ({
    id: `${sku} at ${location}`,
    value: { onHand, reserved },
  });
  const expected = new Map(levels.map(plain).map(({ id, value }) => [id, value]));
  return compare('stock', expected, mapped(scanStock({ redis: config.redis, log }), plain));
}

async function verifyOrders(rows: SourceRows, { config, log }: VerifyOptions): Promise<Comparison> {
  const orders = config.orders!;
  const views = (await rows.of(orders.table)).flatMap((row) => orders.project(row) ?? []);
  const expected = new Map(
    views.map((view) => [
      view.orderId,
      { customerId: view.customerId, status: view.status, total: view.total ?? null },
    ]),
  );
  const actual = mapped(scanOrders({ redis: config.redis, log }), (order) => ({
    id: order.orderId,
    value: { customerId: order.customerId, status: order.status, total: order.total ?? null },
  }));
  return compare('order', expected, actual);
}

async function* mapped<T, U>(items: AsyncIterable<T>, to: (item: T) => U): AsyncGenerator<U> {
  for await (const item of items) yield to(item);
}
