import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { rowOfEnvelope } from '#schemas/avroBuilder.ts';
import type { AvroField, AvroRecord, AvroSchema } from '#schemas/avroSchema.ts';
import { createDecoder } from '#schemas/codec.ts';
import { type ChangeEnvelope, isUnavailable, NEW_KEY_HEADER, OLD_KEY_HEADER } from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { readSchemaId } from '#schemas/wireFormat.ts';
import { type Compared, SALT } from './comparisonRun.ts';
import type { RawRecord } from './debeziumAvro.ts';

/** What is compared of a record; `null` envelope = tombstone. */
interface Seen {
  readonly key: unknown;
  readonly envelope: ChangeEnvelope<Record<string, unknown>> | null;
  readonly moved: readonly (string | undefined)[];
}

/** Where the two differ. */
export interface ComparisonReport {
  /** Differences that nothing explains; the first 50. */
  readonly differences: readonly string[];
  /** How often each documented difference (docs/debezium.md) was met. */
  readonly allowed: Readonly<Record<string, number>>;
  readonly records: number;
  readonly transactions: number;
}

/** Columns that the log may not hold. */
const LARGE = new Set(['AText', 'AnNtext', 'AnImage', 'AVarcharMax', 'AnNvarcharMax', 'AVarbinaryMax', 'AnXml']);
const COMPUTED = new Set(['AComputed']);
const MAX_DIFFERENCES = 50;

/** Compares what both wrote: keys, images, source blocks, transactions, and the schemas they registered. */
export async function compare(compared: Compared, registry: SchemaRegistry): Promise<ComparisonReport> {
  const report = new Report();
  const [theirs, ours] = await Promise.all([byTopic(compared.debezium, registry), byTopic(compared.sluice, registry)]);
  report.same('topics', [...ours.keys()].sort(), [...theirs.keys()].sort());
  let records = 0;
  for (const [topic, seen] of ours) {
    const other = theirs.get(topic) ?? { rows: [], schemas: new Map() };
    if (topic === '.transaction') {
      compareTransactions(report, seen.rows, other.rows);
      continue;
    }
    records += seen.rows.length;
    compareRows(report, topic, seen.rows, other.rows, defaulted(seen.schemas.get('value')));
    for (const [kind, schema] of other.schemas)
      compareSchemas(report, `${topic}-${kind}`, seen.schemas.get(kind), schema);
  }
  const transactions = ours.get('.transaction')?.rows.length ?? 0;
  return { differences: report.differences, allowed: report.allowed, records, transactions };
}

class Report {
  readonly differences: string[] = [];
  readonly allowed: Record<string, number> = {};

  differ(where: string, ours: unknown, theirs: unknown): void {
    if (this.differences.length < MAX_DIFFERENCES)
      this.differences.push(`${where}: ours ${text(ours)}, Debezium's ${text(theirs)}`);
  }

  same(where: string, ours: unknown, theirs: unknown): void {
    if (!isDeepStrictEqual(ours, theirs)) this.differ(where, ours, theirs);
  }

  allow(what: string): void {
    this.allowed[what] = (this.allowed[what] ?? 0) + 1;
  }
}

function text(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))?.slice(0, 600) ??
    'nothing'
  );
}

interface Topic {
  readonly rows: Seen[];
  /** `key` and `value` → the schema, with the prefix taken out. */
  readonly schemas: Map<string, AvroSchema>;
}

async function byTopic(
  side: { prefix: string; records: readonly RawRecord[] },
  registry: SchemaRegistry,
): Promise<Map<string, Topic>> {
  const decoder = createDecoder(registry);
  const topics = new Map<string, Topic>();
  for (const record of side.records) {
    const name = record.topic.slice(side.prefix.length);
    const topic = topics.get(name) ?? { rows: [], schemas: new Map<string, AvroSchema>() };
    topics.set(name, topic);
    for (const [kind, bytes] of [
      ['key', record.key],
      ['value', record.value],
    ] as const) {
      if (!bytes || topic.schemas.has(kind)) continue;
      const schema = JSON.stringify(await registry.schemaById(readSchemaId(bytes)));
      topic.schemas.set(kind, inherited(JSON.parse(schema.replaceAll(side.prefix, 'PREFIX')), '') as AvroSchema);
    }
    topic.rows.push({
      key: plain(record.key && (await decoder.decode(record.key))),
      envelope: plain(record.value && (await decoder.decode(record.value))) as Seen['envelope'],
      moved: [record.headers[NEW_KEY_HEADER], record.headers[OLD_KEY_HEADER]],
    });
  }
  return topics;
}

/** A schema without the namespaces that its parts inherit anyhow: some registries keep the text as it was, some write them out. */
function inherited(part: unknown, namespace: string): unknown {
  if (Array.isArray(part)) return part.map((item) => inherited(item, namespace));
  if (typeof part !== 'object' || part === null) return part;
  const { namespace: own, ...rest } = part as Record<string, unknown>;
  const inner = typeof own === 'string' ? own : namespace;
  const parts = Object.entries(rest).map(([name, value]) => [name, inherited(value, inner)] as const);
  return { ...Object.fromEntries(parts), ...(own !== undefined && own !== namespace && { namespace: own }) };
}

/** Decoded records as plain values, bytes as hexadecimal text. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return isUnavailable(value) ? UNAVAILABLE_TEXT : `0x${value.toString('hex')}`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

const UNAVAILABLE_TEXT = '__debezium_unavailable_value';

/** Nullable columns with a default. */
function defaulted(value: AvroSchema | undefined): ReadonlySet<string> {
  const fields = value ? (rowOfEnvelope(value as AvroRecord)?.fields ?? []) : [];
  return new Set(fields.filter((field) => field.default !== null && Array.isArray(field.type)).map((f) => f.name));
}

function compareRows(
  report: Report,
  topic: string,
  ours: readonly Seen[],
  theirs: readonly Seen[],
  withDefault: ReadonlySet<string>,
): void {
  const isRead = ({ envelope }: Seen): boolean => envelope?.op === 'r';
  const sorted = (rows: readonly Seen[]): Seen[] =>
    rows.filter(isRead).sort((a, b) => (text([a.key, a.envelope!.after]) < text([b.key, b.envelope!.after]) ? -1 : 1));
  const snapshots = [sorted(ours), sorted(theirs)] as const;
  const streams = [
    ours.filter((row) => !isRead(row)),
    theirs.filter((row) => !isRead(row) && !isIdleTombstone(report, row)),
  ] as const;
  for (const [what, [mine, other]] of [
    ['snapshot', snapshots],
    ['stream', streams],
  ] as const) {
    if (mine.length !== other.length) report.differ(`${topic} ${what}, number of records`, mine.length, other.length);
    mine.forEach((row, i) => {
      if (other[i]) compareRow(report, `${topic} ${what} #${i}`, row, other[i], withDefault);
    });
  }
}

/** Debezium follows a delete without a key with a record that has neither key nor value. */
function isIdleTombstone(report: Report, { key, envelope }: Seen): boolean {
  if (key !== null || envelope !== null) return false;
  report.allow('a tombstone without a key');
  return true;
}

function compareRow(report: Report, where: string, ours: Seen, theirs: Seen, withDefault: ReadonlySet<string>): void {
  if (isHashOf(ours.key, theirs.key)) report.allow('a masked column in a key');
  else report.same(`${where} key`, ours.key, theirs.key);
  if (!isDeepStrictEqual(ours.moved, theirs.moved)) {
    if (theirs.moved.every((header) => header === undefined))
      report.allow('the other key of an update that was logged as delete and insert');
    else report.differ(`${where} headers`, ours.moved, theirs.moved);
  }
  const [mine, other] = [ours.envelope, theirs.envelope];
  if (mine === null || other === null) {
    report.same(`${where} value`, mine, other);
    return;
  }
  report.same(`${where} op`, mine.op, other.op);
  report.same(`${where} source`, sourceOf(mine), sourceOf(other));
  report.same(`${where} transaction`, mine.transaction, other.transaction);
  for (const image of ['before', 'after'] as const)
    compareImage(report, `${where} ${image}`, mine[image], other[image], withDefault);
}

/** Debezium hashes the column in the row and writes it as it is into the key. */
function isHashOf(ours: unknown, theirs: unknown): boolean {
  const clear = (theirs as Record<string, unknown> | null)?.['Email'];
  const digest = (text: string): string => createHash('sha256').update(SALT).update(text).digest('hex');
  return typeof clear === 'string' && isDeepStrictEqual(ours, { Email: digest(clear) });
}

/** What both say of a change's place. LSNs of a snapshot are each one's own, the version and the times too. */
function sourceOf({ op, source }: ChangeEnvelope<unknown>): unknown {
  const { connector, db, schema, table, sequence, snapshot, change_lsn, commit_lsn, event_serial_no } = source;
  const place = { connector, db, schema, table, sequence, change_lsn, event_serial_no };
  return op === 'r' ? place : { ...place, snapshot, commit_lsn };
}

type Image = Record<string, unknown> | null;

function compareImage(
  report: Report,
  where: string,
  ours: Image,
  theirs: Image,
  withDefault: ReadonlySet<string>,
): void {
  if (ours === null || theirs === null) {
    report.same(where, ours, theirs);
    return;
  }
  for (const column of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [mine, other] = [ours[column], theirs[column]];
    if (isDeepStrictEqual(mine, other)) continue;
    if (withDefault.has(column) && mine === null && other !== undefined)
      report.allow('a NULL, as the default of its column');
    else if (COMPUTED.has(column) && mine === undefined) report.allow('computed columns');
    else if (LARGE.has(column) && mine === UNAVAILABLE_TEXT && other === null)
      report.allow('a large value that is not in the log, as NULL');
    else if (LARGE.has(column) && mine !== undefined && other === UNAVAILABLE_TEXT)
      report.allow('a large value that is in the log, as a placeholder');
    else if (isHalfCut(mine, other)) report.allow('half a character at the end of a truncated text');
    else report.differ(`${where}.${column}`, mine, other);
  }
}

/** Java writes a question mark for what a cut left of a character of two code units. */
function isHalfCut(ours: unknown, theirs: unknown): boolean {
  return typeof ours === 'string' && theirs === `${ours}?`;
}

/** Begins and ends with their counts, whatever the time; the end of the last transactions comes with the next one at Debezium. */
function compareTransactions(report: Report, ours: readonly Seen[], theirs: readonly Seen[]): void {
  type Transaction = {
    status: string;
    id: string;
    event_count: unknown;
    data_collections: { data_collection: string }[] | null;
  };
  const all = (rows: readonly Seen[]): string[] =>
    rows
      .map((row) => row.envelope as unknown as Transaction)
      .map(({ status, id, event_count, data_collections }) =>
        text({
          status,
          id,
          event_count,
          tables: data_collections?.toSorted((a, b) => (a.data_collection < b.data_collection ? -1 : 1)),
        }),
      )
      .sort();
  const [mine, other] = [all(ours), all(theirs)];
  for (const record of mine) {
    if (other.includes(record)) continue;
    if (record.includes('"END"') && record.includes('.dbo.Marker')) report.allow('the end of the newest transaction');
    else report.differ('transaction', record, 'nothing');
  }
  for (const record of other) if (!mine.includes(record)) report.differ('transaction', 'nothing', record);
}

function compareSchemas(report: Report, where: string, ours: AvroSchema | undefined, theirs: AvroSchema): void {
  if (isDeepStrictEqual(ours, theirs)) return;
  const rows = [ours, theirs].map((schema) => schema && rowOfEnvelope(schema as AvroRecord)) as [
    AvroRecord | null,
    AvroRecord | null,
  ];
  const [mine, other] = rows;
  if (!mine || !other) {
    compareFields(report, where, (ours as AvroRecord).fields, (theirs as AvroRecord).fields);
    return;
  }
  compareFields(report, where, mine.fields, other.fields);
  report.same(`${where} around the row`, without(ours, mine), without(theirs, other));
}

function without(schema: AvroSchema | undefined, row: AvroRecord): unknown {
  return JSON.parse(JSON.stringify(schema).replace(JSON.stringify(row.fields), '[]'));
}

function compareFields(report: Report, where: string, ours: readonly AvroField[], theirs: readonly AvroField[]): void {
  const mine = new Map(ours.map((field) => [field.name, field]));
  for (const field of theirs) {
    if (COMPUTED.has(field.name) && !mine.has(field.name)) report.allow('computed columns in schemas');
    else report.same(`${where} field ${field.name}`, mine.get(field.name), field);
  }
  const order = (fields: readonly AvroField[]): string[] =>
    fields.map((f) => f.name).filter((name) => !COMPUTED.has(name));
  report.same(`${where} order of fields`, order(ours), order(theirs));
}
