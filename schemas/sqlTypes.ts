import { SluiceError } from '#infra/runtime/errors.ts';
import type { AvroObject, AvroSchema } from './avroSchema.ts';
import type { ColumnShape } from './tableShape.ts';

const named = (type: string, name: string): AvroObject => ({ type, 'connect.version': 1, 'connect.name': name });
const int16: AvroObject = { type: 'int', 'connect.type': 'int16' };

/** Kafka Connect's Decimal. Debezium adds the precision as a parameter. */
function decimalSchema(precision: number, scale: number): AvroObject {
  return {
    type: 'bytes',
    scale,
    precision,
    'connect.version': 1,
    'connect.parameters': { scale: String(scale), 'connect.decimal.precision': String(precision) },
    'connect.name': 'org.apache.kafka.connect.data.Decimal',
    logicalType: 'decimal',
  };
}

const timestamp = named('long', 'io.debezium.time.Timestamp');
const byScale = (scale: number, milli: AvroSchema, micro: AvroSchema, nano: AvroSchema): AvroSchema =>
  scale <= 3 ? milli : scale <= 6 ? micro : nano;

const FIXED: Readonly<Record<string, AvroSchema>> = {
  bit: 'boolean',
  tinyint: int16,
  smallint: int16,
  int: 'int',
  bigint: 'long',
  real: 'float',
  float: 'double',
  money: decimalSchema(19, 4),
  smallmoney: decimalSchema(10, 4),
  char: 'string',
  varchar: 'string',
  text: 'string',
  nchar: 'string',
  nvarchar: 'string',
  ntext: 'string',
  sysname: 'string',
  xml: 'string',
  uniqueidentifier: 'string',
  binary: 'bytes',
  varbinary: 'bytes',
  image: 'bytes',
  timestamp: 'bytes',
  rowversion: 'bytes',
  date: named('int', 'io.debezium.time.Date'),
  datetime: timestamp,
  smalldatetime: timestamp,
  datetimeoffset: named('string', 'io.debezium.time.ZonedTimestamp'),
};

/**
 * The Avro type of a column without regard to nullability: Debezium's default modes (decimal.handling.mode precise, time.precision.mode
 * adaptive) as Confluent's AvroConverter writes them.
 * @throws SluiceError SCHEMA_UNSUPPORTED
 */
export function avroTypeOf(column: ColumnShape): AvroSchema {
  const { sqlType, precision, scale } = column;
  switch (sqlType) {
    case 'decimal':
    case 'numeric':
      return decimalSchema(precision, scale);
    case 'time':
      return byScale(
        scale,
        named('int', 'io.debezium.time.Time'),
        named('long', 'io.debezium.time.MicroTime'),
        named('long', 'io.debezium.time.NanoTime'),
      );
    case 'datetime2':
      return byScale(
        scale,
        timestamp,
        named('long', 'io.debezium.time.MicroTimestamp'),
        named('long', 'io.debezium.time.NanoTimestamp'),
      );
  }
  const fixed = FIXED[sqlType];
  if (fixed === undefined) {
    throw new SluiceError('SCHEMA_UNSUPPORTED', `Column ${column.name} has type ${sqlType}, which cannot be carried`);
  }
  return fixed;
}
