import { matcher } from '#connectors/capture/namePattern.ts';
import { selectTables } from '#connectors/capture/tableRules.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { avroFullName, rowOfEnvelope } from '#schemas/avroBuilder.ts';
import { type AvroSchema, isRecord } from '#schemas/avroSchema.ts';
import type { TableSchemas } from '#schemas/generate.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { topicOf } from '#schemas/tableShape.ts';

/** Which tables are looked for in the registry. */
export interface PublishedTables {
  readonly topicPrefix: string;
  readonly database: string;
  /** Tables and patterns as configured, without the database. */
  readonly tables: readonly string[];
  readonly excludeTables: readonly string[];
  /** How the topics are named; default as Debezium does. */
  readonly topicName?: string;
}

const VALUE = '-value';

/**
 * The newest schemas the registry holds for the configured tables, under the names a capture gives its subjects; sorted by table. A table's
 * name is read from its schema, which has underscores for what Avro forbids in names; a table configured by its plain name keeps that.
 * @throws SluiceError SCHEMA_NOT_PUBLISHED when a table named without a pattern is not there, or no table at all
 */
export async function publishedSchemas(
  registry: SchemaRegistry,
  wanted: PublishedTables,
  signal?: AbortSignal,
): Promise<readonly TableSchemas[]> {
  const { topicPrefix, database, topicName } = wanted;
  const mayBe = matcher([topicPattern(wanted)]);
  const subjects = (await registry.subjects(signal)).filter((subject) => subject.endsWith(VALUE));
  const topics = subjects.map((subject) => subject.slice(0, -VALUE.length)).filter((topic) => mayBe([topic]));
  const present = new Map<string, { readonly topic: string; readonly value: TableSchemas['value'] }>();
  const tableOf = tableNames(wanted);
  for (const topic of topics) {
    const value = (await registry.latest(topic + VALUE, signal))?.schema;
    const table = value && tableOf(value);
    if (!table || !isRecord(value)) continue;
    // The topic it has by the present rule: an earlier rule may have left another.
    const expected = topicOf(topicPrefix, { database, ...partsOf(table) }, topicName);
    if (avroFullName(expected).toLowerCase() === avroFullName(topic).toLowerCase())
      present.set(table, { topic, value });
  }
  const captured = [...present.keys()].map((id) => ({ schema: partsOf(id).schema, table: partsOf(id).name }));
  const { tables, missing } = selectTables(captured, database, wanted.tables, wanted.excludeTables);
  if (missing.length > 0 || tables.length === 0) throw notPublished(wanted, missing);
  return Promise.all(
    tables.toSorted().map(async (table) => {
      const { topic, value } = present.get(table)!;
      const key = (await registry.latest(`${topic}-key`, signal))?.schema;
      return { table, key: key && isRecord(key) ? key : null, value };
    }),
  );
}

function partsOf(table: string): { readonly schema: string; readonly name: string } {
  const dot = table.indexOf('.');
  return { schema: table.slice(0, dot), name: table.slice(dot + 1) };
}

/** A pattern that fits the topic of every table; others may fit it too. */
function topicPattern({ topicPrefix, database, topicName }: PublishedTables): string {
  const name = topicOf(topicPrefix, { database, schema: '{schema}', name: '{table}' }, topicName);
  // Kafka forbids the brackets, so that each is an underscore now.
  return name.replaceAll('_schema_', '*').replaceAll('_table_', '*');
}

/** Gives `schema.table` of an envelope's schema of this database; undefined for a schema of something else. */
function tableNames({ topicPrefix, database, tables }: PublishedTables) {
  const base = `${avroFullName(`${topicPrefix}.${database}`)}.`.toLowerCase();
  const plain = new Map(tables.map((table) => [avroFullName(table).toLowerCase(), table]));
  return (schema: AvroSchema): string | undefined => {
    if (!isRecord(schema) || rowOfEnvelope(schema) === null) return undefined;
    const namespace = schema.namespace ?? '';
    if (!namespace.toLowerCase().startsWith(base)) return undefined;
    const name = namespace.slice(base.length);
    const configured = plain.get(name.toLowerCase());
    // Only where Avro's spelling hides the table's own; else the source's capitals are the schema's.
    return configured !== undefined && avroFullName(configured) !== configured ? configured : name;
  };
}

function notPublished({ topicPrefix, database, tables }: PublishedTables, missing: readonly string[]): SluiceError {
  const names = (missing.length > 0 ? missing : tables).join(', ');
  return new SluiceError(
    'SCHEMA_NOT_PUBLISHED',
    `The schema registry: expected schemas of ${names} of database ${database} under the topic prefix ${topicPrefix}, found none.`,
    { context: { tables: names } },
  );
}
