import type { AvroField, AvroObject, AvroRecord, AvroSchema } from './avroSchema.ts';
import { columnDefault } from './columnDefault.ts';
import { avroTypeOf } from './sqlTypes.ts';
import type { ColumnShape, TableShape } from './tableShape.ts';

const optional = (schema: AvroSchema): AvroSchema => ['null', schema];
const optionalField = (name: string, schema: AvroSchema): AvroField => ({
  name,
  type: optional(schema),
  default: null,
});

/** Avro allows letters, digits and underscores, no digit first; anything else becomes an underscore, as Debezium's `avro` adjustment does. */
export function avroName(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(clean) ? `_${clean}` : clean;
}

/** The same for each part of a dotted name. */
export const avroFullName = (name: string): string => name.split('.').map(avroName).join('.');

/** Splits a full name the way Confluent's converter does: the last part is the name, the rest the namespace. */
function splitName(fullName: string): { readonly name: string; readonly namespace: string } {
  const dot = fullName.lastIndexOf('.');
  return { name: fullName.slice(dot + 1), namespace: fullName.slice(0, dot) };
}

function columnField(column: ColumnShape): AvroField {
  const name = avroName(column.name);
  const type = withParameters(avroTypeOf(column), column.parameters);
  const value = columnDefault(column);
  if (value === undefined) return column.nullable ? optionalField(name, type) : { name, type };
  // The default of a union is one of its first branch; Kafka Connect keeps it inside the branch as well.
  const branch = { ...(typeof type === 'string' ? { type } : (type as AvroObject)), 'connect.default': value };
  return { name, type: column.nullable ? [branch, 'null'] : branch, default: value };
}

function withParameters(type: AvroSchema, parameters: ColumnShape['parameters']): AvroSchema {
  if (!parameters) return type;
  const object = typeof type === 'string' ? { type } : (type as AvroObject);
  return { ...object, 'connect.parameters': { ...object['connect.parameters'], ...parameters } };
}

function baseName(prefix: string, table: TableShape): string {
  return avroFullName(`${prefix}.${table.database}.${table.schema}.${table.name}`);
}

/**
 * Schema of a record's key: the key columns in key order. Null when the table has no key. Without the columns' defaults and marks: a framed
 * key holds its schema's id, so another default would make other keys, in other partitions, of the same rows.
 */
export function keySchema(prefix: string, table: TableShape): AvroRecord | null {
  if (table.keyColumns.length === 0) return null;
  const fullName = `${baseName(prefix, table)}.Key`;
  const fields = table.keyColumns.map((name) => {
    const column = table.columns.find((c) => c.name === name);
    if (!column) throw new Error(`key column ${name} of ${table.schema}.${table.name} is not carried`);
    const { defaultText: _, parameters: __, ...bare } = column;
    return columnField(bare);
  });
  return { type: 'record', ...splitName(fullName), fields, 'connect.name': fullName };
}

/** Schema of a row. */
function rowSchema(prefix: string, table: TableShape): AvroRecord {
  const fullName = `${baseName(prefix, table)}.Value`;
  return {
    type: 'record',
    ...splitName(fullName),
    fields: table.columns.map(columnField),
    'connect.name': fullName,
  };
}

const SNAPSHOT_MARK: AvroField = {
  name: 'snapshot',
  type: [
    {
      type: 'string',
      'connect.version': 1,
      'connect.parameters': {
        allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental',
      },
      'connect.default': 'false',
      'connect.name': 'io.debezium.data.Enum',
    },
    'null',
  ],
  default: 'false',
};

/** The source block; field order and nullability are those of Debezium's SQL Server connector. */
const SOURCE: AvroRecord = {
  type: 'record',
  name: 'Source',
  namespace: 'io.debezium.connector.sqlserver',
  fields: [
    { name: 'version', type: 'string' },
    { name: 'connector', type: 'string' },
    { name: 'name', type: 'string' },
    { name: 'ts_ms', type: 'long' },
    SNAPSHOT_MARK,
    { name: 'db', type: 'string' },
    optionalField('sequence', 'string'),
    optionalField('ts_us', 'long'),
    optionalField('ts_ns', 'long'),
    { name: 'schema', type: 'string' },
    { name: 'table', type: 'string' },
    optionalField('change_lsn', 'string'),
    optionalField('commit_lsn', 'string'),
    optionalField('event_serial_no', 'long'),
  ],
  'connect.version': 1,
  'connect.name': 'io.debezium.connector.sqlserver.Source',
};

const TRANSACTION: AvroRecord = {
  type: 'record',
  name: 'block',
  namespace: 'event',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'total_order', type: 'long' },
    { name: 'data_collection_order', type: 'long' },
  ],
  'connect.version': 1,
  'connect.name': 'event.block',
};

/** Schema of a record's value: the change envelope around the row schema. */
export function envelopeSchema(prefix: string, table: TableShape): AvroRecord {
  const row = rowSchema(prefix, table);
  const fullName = `${baseName(prefix, table)}.Envelope`;
  return {
    type: 'record',
    ...splitName(fullName),
    fields: [
      optionalField('before', row),
      optionalField('after', row.name),
      { name: 'source', type: SOURCE },
      optionalField('transaction', TRANSACTION),
      { name: 'op', type: 'string' },
      optionalField('ts_ms', 'long'),
      optionalField('ts_us', 'long'),
      optionalField('ts_ns', 'long'),
    ],
    'connect.version': 2,
    'connect.name': fullName,
  };
}

/** The row schema inside an envelope schema; null when the schema is not an envelope. */
export function rowOfEnvelope(envelope: AvroRecord): AvroRecord | null {
  const before = envelope.fields.find((f) => f.name === 'before')?.type;
  if (!Array.isArray(before)) return null;
  const row = before.find((s) => typeof s === 'object' && !Array.isArray(s) && s.type === 'record');
  return (row as AvroRecord | undefined) ?? null;
}
