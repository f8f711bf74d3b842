import type { KeyText } from '#connectors/capture/chunk.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import { CaptureProgress } from '#consumers/runner/captureProgress.ts';
import { wish } from '#consumers/runner/copyWaits.ts';
import { type Passed, progressReader } from '#consumers/runner/progress.ts';
import { captureParts } from '#infra/cli/captures.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type Copies, openCopies } from './copies.ts';
import { checkDocuments, checkRootKeys, type DocumentCheckOptions } from './documentCheck.ts';
import { Pace, type VerifyProgress } from './pace.ts';
import { Passage } from './passage.ts';
import { Findings, type VerifyReport } from './report.ts';
import type { SourceReader } from './sourceReader.ts';
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

/**
 * Compares the row store, the documents, stock and orders with what the source holds, while everything runs on. See docs/verify.md for what
 * is compared with what and why the verdict holds. Nothing is written anywhere.
 * @throws SluiceError of the source, Kafka, Redis or Elasticsearch; VERIFY_TARGET_UNKNOWN
 */
export async function verifyCopies(options: VerifyOptions): Promise<VerifyReport> {
  const { config, clock = systemClock } = options;
  const startedAtMs = clock.now();
  const copies = await openCopies(config, options);
  try {
    const findings = new Findings();
    findings.notes.push(...copies.notes);
    await checkAll(options, copies, checkOptions(options, copies, findings));
    return report(findings, copies.source, startedAtMs, clock.now());
  } finally {
    await copies.close();
  }
}

function checkOptions(options: VerifyOptions, { source, redis }: Copies, findings: Findings): TableCheckOptions {
  const { config, signal, clock = systemClock, sample = 1, rowsPerSecond, onProgress } = options;
  const { verify, consumers } = config;
  const passage = new Passage({
    progress: progressReader(redis, consumers.groupPrefix),
    wish: () => redis.sendAll(wish(redis)),
    newestPromise: promisesOf(options),
    clock,
    signal,
    patienceMs: verify.patienceSeconds * 1000,
  });
  const rate = rowsPerSecond === undefined ? verify.rowsPerSecond : rowsPerSecond;
  const pace = new Pace(clock, rate, onProgress ?? (() => undefined));
  const filterBytes = verify.filterMegabytes * 1024 * 1024;
  const { chunkRows } = verify;
  return { source, passage, findings, pace, signal, sample, filterBytes, chunkRows, random: Math.random };
}

/** The newest promise of the main database's capture. */
function promisesOf({ config, kafka, signal }: VerifyOptions): () => Promise<Passed | null> {
  const captures = new CaptureProgress(kafka, config.kafka.topicPrefix);
  const [part] = captureParts(config);
  return async () => {
    try {
      const records = await captures.newest(signal);
      return records.find(({ capture }) => capture === part!.name) ?? null;
    } catch (error) {
      if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return null;
      throw error;
    }
  };
}

async function checkAll(options: VerifyOptions, copies: Copies, check: TableCheckOptions): Promise<void> {
  const { sides, plans, source } = copies;
  const { tables, types } = chosen(options, [...sides.keys()], plans);
  for (const id of tables) {
    const table = source.table(id)!;
    if (options.keys === undefined) await checkTable(table, sides.get(id)!, check);
    else await checkKeys(table, sides.get(id)!, options.keys, check);
  }
  for (const plan of types) await checkType(options, copies, plan, check);
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

async function checkType(
  options: VerifyOptions,
  { elastic, store, source, sides }: Copies,
  plan: DocumentPlan,
  check: TableCheckOptions,
): Promise<void> {
  const { type, root } = plan.definition;
  const live = (await listIndexes(elastic, options.config.elasticsearch.indexPrefix, type)).find((info) => info.live);
  if (live === undefined || live.version !== plan.definition.version) {
    const why = live === undefined ? 'no index' : `an index of version ${live.version}`;
    check.findings.notes.push(`${type} version ${plan.definition.version}: not compared, searches have ${why}`);
    check.findings.undecide({ what: type, id: live?.index ?? '(no index)', why: 'index' });
    return;
  }
  const own: DocumentCheckOptions = { ...check, elastic, store, plan, index: live.index };
  if (options.keys === undefined) return checkDocuments(own);
  const table = source.table(root)!;
  const side = sides.get(table.id)!.find(({ copy }) => copy === 'rows')!;
  const keyed = async (key: KeyText): Promise<string> => side.idOf(await source.keyRow(table, key))!;
  return checkRootKeys(await Promise.all(options.keys.map(keyed)), own);
}

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
