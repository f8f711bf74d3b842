import { rowOfEnvelope } from './avroBuilder.ts';
import { type AvroObject, type AvroRecord, type AvroSchema, isRecord, unwrapNullable } from './avroSchema.ts';

/** One captured table as the registry knows it. */
export interface TableSchemas {
  /** `schema.table`, as in the configuration. */
  readonly table: string;
  /** Schema of the key; null when the table has none. */
  readonly key: AvroRecord | null;
  /** Schema of the value: an envelope, or the row itself. */
  readonly value: AvroRecord;
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  int: 'number',
  long: 'bigint',
  float: 'number',
  double: 'number',
  string: 'string',
  bytes: 'Buffer',
  null: 'null',
};

/**
 * TypeScript types of the rows of the tables, as the decoder gives them, with one interface that maps table names to row types.
 * `group` names it: `Epos` gives EposTables and EposKeys. The output depends on the schemas alone, so that it can be committed.
 */
export function generateTypes(group: string, tables: readonly TableSchemas[]): string {
  const sorted = [...tables].sort((a, b) => (a.table < b.table ? -1 : 1));
  const names = rowNames(sorted.map((t) => t.table));
  const parts = ['// Generated from the Avro schemas by `sluice schemas generate`; do not edit.\n'];
  for (const { table, key, value } of sorted) {
    const name = names.get(table)!;
    const row = rowOfEnvelope(value) ?? value;
    parts.push(interfaceOf(`${name}Row`, `A row of ${table}.`, row));
    if (key) parts.push(interfaceOf(`${name}Key`, `The key of ${table}.`, key));
  }
  const map = (suffix: string, list: readonly TableSchemas[]): string =>
    list.map((t) => `  '${t.table}': ${names.get(t.table)}${suffix};\n`).join('');
  parts.push(`/** Every captured table and its row. */\nexport interface ${group}Tables {\n${map('Row', sorted)}}\n`);
  const keyed = sorted.filter((t) => t.key);
  parts.push(
    `/** Every captured table that has a key, and the key. */\nexport interface ${group}Keys {\n${map('Key', keyed)}}\n`,
  );
  return parts.join('\n');
}

function interfaceOf(name: string, doc: string, record: AvroRecord): string {
  const fields = record.fields.map(({ name: field, type }) => {
    const { schema, nullable } = unwrapNullable(type);
    const note = noteOf(schema);
    return `${note ? `  /** ${note} */\n` : ''}  readonly ${field}: ${typeScriptOf(schema)}${nullable ? ' | null' : ''};\n`;
  });
  return `/** ${doc} */\nexport interface ${name} {\n${fields.join('')}}\n`;
}

function typeScriptOf(schema: AvroSchema): string {
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? 'unknown';
  if (Array.isArray(schema)) return schema.map(typeScriptOf).join(' | ');
  const object = schema as AvroObject;
  if (object.logicalType === 'decimal') return 'string';
  if (object.type === 'array') return `readonly (${typeScriptOf(object.items!)})[]`;
  if (object.type === 'map') return `Readonly<Record<string, ${typeScriptOf(object.values!)}>>`;
  if (isRecord(schema)) {
    return `{ ${schema.fields.map((f) => `readonly ${f.name}: ${typeScriptOf(f.type)}`).join('; ')} }`;
  }
  return PRIMITIVES[object.type] ?? 'unknown';
}

const UNITS: Readonly<Record<string, string>> = {
  'io.debezium.time.Date': 'Days since 1970-01-01.',
  'io.debezium.time.Time': 'Milliseconds since midnight.',
  'io.debezium.time.MicroTime': 'Microseconds since midnight.',
  'io.debezium.time.NanoTime': 'Nanoseconds since midnight.',
  'io.debezium.time.Timestamp': 'Milliseconds since 1970-01-01, in the zone-less time of the column.',
  'io.debezium.time.MicroTimestamp': 'Microseconds since 1970-01-01, in the zone-less time of the column.',
  'io.debezium.time.NanoTimestamp': 'Nanoseconds since 1970-01-01, in the zone-less time of the column.',
  'io.debezium.time.ZonedTimestamp': 'ISO 8601 with offset.',
};

function noteOf(schema: AvroSchema): string | undefined {
  if (typeof schema === 'string' || Array.isArray(schema)) return undefined;
  const object = schema as AvroObject;
  if (object.logicalType === 'decimal') return `decimal(${object.precision}, ${object.scale ?? 0}) as exact text.`;
  return UNITS[object['connect.name'] ?? ''];
}

/** Type names from table names: `dbo.ORD_HDR` → OrdHdr; the schema comes in front where two tables would share a name. */
function rowNames(tables: readonly string[]): ReadonlyMap<string, string> {
  const short = (table: string): string => pascal(table.slice(table.indexOf('.') + 1));
  const count = new Map<string, number>();
  for (const table of tables) count.set(short(table), (count.get(short(table)) ?? 0) + 1);
  return new Map(tables.map((t) => [t, count.get(short(t)) === 1 ? short(t) : pascal(t)]));
}

function pascal(text: string): string {
  const name = text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) =>
      word === word.toUpperCase() ? word[0] + word.slice(1).toLowerCase() : word[0]!.toUpperCase() + word.slice(1),
    )
    .join('');
  return /^[0-9]/.test(name) ? `T${name}` : name;
}
