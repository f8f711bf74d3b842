import { endOf, position, snapshotPosition } from '#connectors/capture/position.ts';
import type { CapturedTable, CaptureState, ChangeEvent, Row } from '#connectors/capture/types.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { DEFAULT_PUBLISH_RULES, type PublishRules } from '#connectors/publish/publishRules.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance, SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { AvroSchema } from '#schemas/avroSchema.ts';
import { createDecoder } from '#schemas/codec.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

/** A registry that lives in this process and finds everything compatible but the subjects in `refused`. */
export function memoryRegistry(refused: ReadonlySet<string> = new Set()): SchemaRegistry & {
  readonly bySubject: Map<string, AvroSchema>;
} {
  const schemas: AvroSchema[] = [];
  const bySubject = new Map<string, AvroSchema>();
  return {
    bySubject,
    register: async (subject, schema) => {
      bySubject.set(subject, schema);
      return schemas.push(schema);
    },
    lookup: async () => null,
    schemaById: async (id) => schemas[id - 1]!,
    latest: async (subject) =>
      refused.has(subject) ? { id: 1, schema: { type: 'record', name: 'Old', fields: [] } } : null,
    compatibility: async (subject) => ({ compatible: !refused.has(subject), messages: ['READER_FIELD_MISSING'] }),
    subjects: async () => [...bySubject.keys()],
  };
}

export function column(name: string, ordinal: number, sqlType: string, more: Partial<SourceColumn> = {}): SourceColumn {
  return { name, ordinal, sqlType, nullable: false, maxLength: 10, precision: 19, scale: 4, computed: false, ...more };
}

export function table(columns: readonly SourceColumn[], more: Partial<CaptureInstance> = {}): CapturedTable {
  const instance: CaptureInstance = {
    name: 'dbo_PRODUCT',
    schema: 'dbo',
    table: 'PRODUCT',
    startLsn: at(1),
    hasCommandId: true,
    objectId: 1,
    sourceObjectId: 2,
    columns,
    keyColumns: ['CODE'],
    ...more,
  };
  return { id: `${instance.schema}.${instance.table}`, database: 'EPOS', instance };
}

export const PRODUCT = table([
  column('CODE', 1, 'char'),
  column('PRICE', 2, 'money', { nullable: true }),
  column('LONG DESC', 3, 'text', { nullable: true }),
]);
export const PRODUCT_TOPIC = 'epos.EPOS.dbo.PRODUCT';

export function at(n: number): Lsn {
  return lsn(n.toString(16).padStart(20, '0'));
}

/** A change with both images `row` (as its kind has them), the n-th of the log. */
export function change(
  on: CapturedTable,
  n: number,
  op: ChangeEvent['op'],
  row: Row,
  more: Partial<ChangeEvent> = {},
): ChangeEvent {
  const place =
    op === 'r' ? snapshotPosition(at(n)) : position({ commitLsn: at(n), commandId: 1, changeLsn: at(n), op: 2 });
  return {
    table: on,
    op,
    before: op === 'd' || op === 'u' ? row : null,
    after: op === 'd' ? null : row,
    position: place,
    commitLsn: at(n),
    changeLsn: op === 'r' ? null : at(n),
    resumeAt: place,
    commitTimeMs: 1_700_000_000_000 + n,
    capturedAtMs: 1_700_000_000_500,
    ...more,
  };
}

/** A change of PRODUCT. */
export function product(
  n: number,
  op: ChangeEvent['op'],
  code: string,
  price: string | null,
  description: unknown = null,
): ChangeEvent {
  return change(PRODUCT, n, op, { CODE: code, PRICE: price, 'LONG DESC': description });
}

/** The state after everything of the n-th commit. */
export function stateAt(n: number, more: Partial<CaptureState> = {}): CaptureState {
  return {
    position: endOf(at(n)),
    positionTimeMs: null,
    tables: {
      'dbo.PRODUCT': { instance: 'dbo_PRODUCT', snapshot: { state: 'running', lastKey: ['AB'], rows: n } },
    },
    paused: false,
    snapshots: [],
    signalOffset: null,
    ...more,
  };
}

export const signal = new AbortController().signal;

export interface PublishSetUp {
  readonly rules?: Partial<PublishRules>;
  readonly registry?: ReturnType<typeof memoryRegistry>;
  readonly now?: () => number;
}

export function setUpPublisher({ rules, registry = memoryRegistry(), now }: PublishSetUp = {}) {
  const broker = new MemoryBroker();
  const kafka = createMemoryKafka(broker);
  const publisher = (name = 'capture') =>
    new Publisher({
      kafka,
      registry,
      name,
      topicPrefix: 'epos',
      partitions: 3,
      replicationFactor: 1,
      rules: { ...DEFAULT_PUBLISH_RULES, ...rules },
      log: silentLogger,
      ...(now && { clock: { now, sleep: () => Promise.resolve() } }),
    });
  /** A publisher that is open and has adopted the tables. */
  const opened = async (tables: readonly CapturedTable[], name?: string): Promise<Publisher> => {
    const made = publisher(name);
    await made.open(signal);
    const refusals = await made.adopt(tables, signal);
    if (refusals.length > 0) throw refusals[0]!.error;
    return made;
  };
  return { broker, kafka, registry, publisher, opened, decoder: createDecoder(registry) };
}
