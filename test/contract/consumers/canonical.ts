import { type AvroObject, type AvroRecord, type AvroSchema, unwrapNullable } from '#schemas/avroSchema.ts';

/**
 * A decoded value as one line that programs in other languages can write too: N null, T and F, i and a whole number, f and the bits of a double,
 * s and UTF-8 in hexadecimal, b and bytes in hexadecimal, d and a decimal with all its digits, {field=value,…} in the schema's order, [value,…].
 */
export function canonical(schema: AvroSchema, value: unknown, names = recordsOf(schema)): string {
  if (value === null || value === undefined) return 'N';
  const inner = resolve(unwrapNullable(schema).schema, names);
  const type = typeof inner === 'string' ? inner : (inner as AvroObject).type;
  switch (type) {
    case 'boolean':
      return value === true ? 'T' : 'F';
    case 'int':
    case 'long':
      return `i${String(value)}`;
    case 'float':
    case 'double':
      return `f${bits(value as number)}`;
    case 'string':
      return `s${Buffer.from(value as string).toString('hex')}`;
    case 'bytes':
      return typeof value === 'string' ? `d${value}` : `b${(value as Buffer).toString('hex')}`;
    case 'array':
      return `[${(value as unknown[]).map((item) => canonical((inner as AvroObject).items!, item, names)).join(',')}]`;
    case 'record': {
      const fields = (inner as AvroRecord).fields.map(
        (field) => `${field.name}=${canonical(field.type, (value as Record<string, unknown>)[field.name], names)}`,
      );
      return `{${fields.join(',')}}`;
    }
    default:
      throw new Error(`no canonical form for ${type}`);
  }
}

/** A record the second time it comes stands there by its name. */
function resolve(schema: AvroSchema, names: ReadonlyMap<string, AvroRecord>): AvroSchema {
  return typeof schema === 'string' ? (names.get(schema) ?? schema) : schema;
}

/** Every record that is defined in the schema, by its name. */
function recordsOf(schema: AvroSchema, names = new Map<string, AvroRecord>()): ReadonlyMap<string, AvroRecord> {
  if (typeof schema === 'string') return names;
  if (Array.isArray(schema)) {
    for (const branch of schema) recordsOf(branch, names);
    return names;
  }
  const { type, name, fields, items } = schema as AvroObject;
  if (type === 'record' && name) names.set(name, schema as AvroRecord);
  for (const field of fields ?? []) recordsOf(field.type, names);
  if (items) recordsOf(items, names);
  return names;
}

function bits(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
