/** Avro schemas as JSON, as far as Sluice writes and reads them. */
export type AvroSchema = string | AvroObject | readonly AvroSchema[];

/** A named or annotated type. Attributes with a dot are Kafka Connect's and Debezium's. */
export interface AvroObject {
  readonly type: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly AvroField[];
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
  readonly 'connect.name'?: string;
  readonly 'connect.version'?: number;
  readonly 'connect.type'?: string;
  readonly 'connect.default'?: unknown;
  readonly 'connect.parameters'?: Readonly<Record<string, string>>;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly default?: unknown;
}

/** A record schema: fields in order. */
export type AvroRecord = AvroObject & {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly AvroField[];
};

/** The schema that is not `null` of a union with null, and whether there was one. */
export function unwrapNullable(schema: AvroSchema): { readonly schema: AvroSchema; readonly nullable: boolean } {
  if (!Array.isArray(schema)) return { schema, nullable: false };
  const rest = schema.filter((s) => s !== 'null');
  if (rest.length !== 1) return { schema, nullable: rest.length < schema.length };
  return { schema: rest[0]!, nullable: rest.length < schema.length };
}

export function isRecord(schema: AvroSchema): schema is AvroRecord {
  return typeof schema === 'object' && !Array.isArray(schema) && (schema as AvroObject).type === 'record';
}
