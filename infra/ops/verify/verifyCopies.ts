import type { KeyText } from '#connectors/capture/chunk.ts';
import type { CapturedTable } from '#connectors/capture/types.ts';
import { createElastic, type Elastic } from '#consumers/catalog/elastic.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import { type DocumentPlan, planDocument, planTables, type TablePlan } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { CaptureProgress } from '#consumers/runner/captureProgress.ts';
import { type Passed, progressReader } from '#consumers/runner/progress.ts';
import { sourceRules } from '#infra/cli/captureRules.ts';
import { captureParts } from '#infra/cli/captures.ts';
import { sourceOptions } from '#infra/cli/roles/sourceOptions.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { RedisClient } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CopySide } from './copySide.ts';
import { checkDocuments, checkRootKeys, type DocumentCheckOptions } from './documentCheck.ts';
import { Pace, type VerifyProgress } from './pace.ts';
import { Passage } from './passage.ts';
import { OrderSide, StockSide } from './redisSides.ts';
import { Findings, type VerifyReport } from './report.ts';
import { RowSide } from './rowSide.ts';
import { SourceReader } from './sourceReader.ts';
import { checkKeys, checkTable, type TableCheckOptions } from './tableCheck.ts';

export interface VerifyOptions {
  readonly config: Config;
  readonly kafka: KafkaClient;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Only these tables (`schema.table`) with what is made from their rows; all when left out. */
  readonly tables?: readonly string[];
  /** Only these document types; all when left out, none when only tables are named. */
  readonly documents?: readonly string[];
  /** Only these rows of the one table, or the documents with these root rows. */
  readonly keys?: readonly KeyText[];
  /** The share of the rows and documents that is compared; 1 when left out. */
  readonly sample?: number;
  /** Most rows a second from the source; the configuration's when left out, as fast as it goes for null. */
  readonly rowsPerSecond?: number | null;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** What a run works with. */
interface Run {
  readonly options: VerifyOptions;
  readonly source: SourceReader;
  readonly redis: RedisClient;
  readonly elastic: Elastic;
  readonly findings: Findings;
  readonly check: TableCheckOptions;
}

/**
 * Compares the row store, the documents, stock and orders with what the source holds, while everything runs on. See docs/verify.md for what
 * is compared with what and why the verdict holds. Nothing is written anywhere.
 * @throws SluiceError of the source, Kafka, Redis or Elasticsearch; VERIFY_TARGET_UNKNOWN
 */
export async function verifyCopies(options: VerifyOptions): Promise<VerifyReport> {
  const { config, signal, clock = systemClock, log } = options;
  const startedAtMs = clock.now();
  const redis = new RedisClient({ ...config.redis, name: 'sluice-verify', log });
  const elastic = createElastic(config.elasticsearch);
  let source: SourceReader | undefined;
  try {
    const [part] = captureParts(config);
    const database = sourceOptions(config);
    source = await SourceReader.open({ database, rules: sourceRules(config), tables: part!.tables, signal });
    const findings = new Findings();
    if (source.reasons.length > 0) findings.notes.push(...source.reasons);
    await checkAll(prepared(options, source, redis, elastic, findings));
    return report(findings, source, startedAtMs, clock.now());
  } finally {
    await Promise.all([source?.close(), redis.close(), elastic.close()]);
  }
}

function prepared(
  options: VerifyOptions,
  source: SourceReader,
  redis: RedisClient,
  elastic: Elastic,
  findings: Findings,
): Run {
  const { config, kafka, signal, clock = systemClock, sample = 1, rowsPerSecond, onProgress } = options;
  const { verify, consumers } = config;
  const captures = new CaptureProgress(kafka, config.kafka.topicPrefix);
  const [part] = captureParts(config);
  const newestPromise = async (): Promise<Passed | null> => {
    try {
      const records = await captures.newest(signal);
      return records.find(({ capture }) => capture === part!.name) ?? null;
    } catch (error) {
      if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return null;
      throw error;
    }
  };
  const passage = new Passage({
    progress: progressReader(redis, consumers.groupPrefix),
    newestPromise,
    clock,
    signal,
    patienceMs: verify.patienceSeconds * 1000,
  });
  const rate = rowsPerSecond === undefined ? verify.rowsPerSecond : rowsPerSecond;
  const pace = new Pace(clock, rate, onProgress ?? (() => undefined));
  const filterBytes = verify.filterMegabytes * 1024 * 1024;
  const shared = { source, passage, findings, pace, signal, sample, filterBytes, random: Math.random };
  return { options, source, redis, elastic, findings, check: { ...shared, chunkRows: verify.chunkRows } };
}

async function checkAll(run: Run): Promise<void> {
  const { options, redis, source } = run;
  const { catalog, stock, orders } = options.config;
  const plans = catalog.documents.map(planDocument);
  const store = new RowStore(redis);
  const byTable = new Map<string, CopySide[]>();
  const add = (id: string, make: (table: CapturedTable) => CopySide): void => {
    const table = source.table(id);
    if (table === undefined || table.instance.keyColumns.length === 0) {
      run.findings.notes.push(`${id}: not compared, ${table ? 'it has no key' : 'it is not captured'}`);
      return;
    }
    byTable.set(table.id, [...(byTable.get(table.id) ?? []), make(table)]);
  };
  for (const plan of planTables(plans).values()) add(plan.table, (table) => new RowSide(store, table, plan));
  if (stock) add(stock.table, (table) => new StockSide(redis, table, stock));
  if (orders) add(orders.table, (table) => new OrderSide(redis, table, orders));
  const { tables, types } = chosen(options, [...byTable.keys()], plans);
  for (const id of tables) {
    const table = source.table(id)!;
    const sides = byTable.get(id)!;
    if (options.keys === undefined) await checkTable(table, sides, run.check);
    else await checkKeys(table, sides, options.keys, run.check);
  }
  for (const plan of types) await checkType(run, store, plan);
}

/** The tables and document types a run is about. @throws VERIFY_TARGET_UNKNOWN */
function chosen(
  options: VerifyOptions,
  tables: readonly string[],
  plans: readonly DocumentPlan[],
): { readonly tables: readonly string[]; readonly types: readonly DocumentPlan[] } {
  const everything = options.tables === undefined && options.documents === undefined;
  const named = <T>(wanted: readonly string[] | undefined, all: readonly T[], nameOf: (one: T) => string): T[] =>
    (wanted ?? []).map((name) => {
      const found = all.find((one) => nameOf(one).toLowerCase() === name.toLowerCase());
      if (found !== undefined) return found;
      throw new SluiceError(
        'VERIFY_TARGET_UNKNOWN',
        `Expected one of ${all.map(nameOf).join(', ') || 'none'}, found ${name}.`,
      );
    });
  if (options.keys !== undefined && (options.tables ?? []).length + (options.documents ?? []).length !== 1)
    throw new SluiceError('VERIFY_TARGET_UNKNOWN', 'Keys: expected exactly one table or document type with them.');
  return {
    tables: everything ? tables : named(options.tables, tables, (id) => id),
    types: everything ? plans : named(options.documents, plans, ({ definition }) => definition.type),
  };
}

async function checkType(run: Run, store: RowStore, plan: DocumentPlan): Promise<void> {
  const { options, elastic, findings, check, source } = run;
  const { type, root } = plan.definition;
  const indexes = await listIndexes(elastic, options.config.elasticsearch.indexPrefix, type);
  const live = indexes.find((info) => info.live);
  if (live === undefined) {
    findings.notes.push(`${type}: not compared, searches have no index`);
    return;
  }
  const own: DocumentCheckOptions = { ...check, elastic, store, plan, index: live.index };
  if (options.keys === undefined) return checkDocuments(own);
  const table = source.table(root)!;
  const side = new RowSide(store, table, planOf(plan));
  const rootKeys = await Promise.all(options.keys.map(async (key) => side.idOf(await source.keyRow(table, key))));
  return checkRootKeys(rootKeys, own);
}

const planOf = (plan: DocumentPlan): TablePlan => planTables([plan]).get(plan.definition.root)!;

function report(findings: Findings, source: SourceReader, startedAtMs: number, endedAtMs: number): VerifyReport {
  const { differenceCount, undecidedCount, compared, unbuildable, differences, undecided, notes } = findings;
  return {
    outcome: differenceCount > 0 ? 'different' : undecidedCount > 0 ? 'undecided' : 'equal',
    startedAt: new Date(startedAtMs).toISOString(),
    seconds: (endedAtMs - startedAtMs) / 1000,
    position: { from: source.first, to: source.last },
    compared: Object.fromEntries(compared),
    differences,
    differenceCount,
    undecided,
    undecidedCount,
    unbuildable: Object.fromEntries(unbuildable),
    notes,
    cost: source.cost,
  };
}
