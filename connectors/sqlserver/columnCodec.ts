import { SluiceError } from '#infra/runtime/errors.ts';
import { masker } from './columnMask.ts';
import type { SourceColumn } from './metadata.ts';
import { dateDays, microsOf, nanosOf, saturatedNanos, timeUnits, zonedText } from './temporal.ts';
import { typeText } from './typeText.ts';

/** How one column is read exactly. */
export interface ColumnCodec {
  readonly column: SourceColumn;
  /** True when CDC leaves out the value of an update that did not touch it. */
  readonly large: boolean;
  /** True for text, ntext and image: no image before a change holds their value, not even a delete's. */
  readonly legacyLarge: boolean;
  /** What is written whatever the value is, NULL included: the column is masked so. */
  readonly constant?: string;
  /** The expression to select, for a column reference such as `c.[PRICE1]`. */
  select(reference: string): string;
  /**
   * The driver's value as Avro wants it: longs bigint, decimals text, bytes Buffer; a SaturatedTime where the column allows it. Masked already
   * where the column has a mask. Never given null. @throws SluiceError CDC_VALUE_UNFIT
   */
  decode(value: unknown): unknown;
}

type Decode = (value: unknown) => unknown;
const asIs: Decode = (value) => value;
/** UTF-16 as the server stores it may hold half a character, which UTF-8 cannot: it becomes U+FFFD. */
const unicode: Decode = (value) => (value as string).toWellFormed();

/** text, ntext, image: no old value in an update, none at all in a delete. (max) types and xml: old value only when changed. */
const LEGACY_LARGE = new Set(['text', 'ntext', 'image']);
const PLAIN = new Set(['bit', 'tinyint', 'smallint', 'int', 'real', 'float', 'char', 'varchar']);
const BYTES = new Set(['binary', 'varbinary', 'image', 'timestamp', 'rowversion']);

/** True when the type can be read exactly. */
export function isReadable(column: SourceColumn): boolean {
  return readerOf(column) !== undefined;
}

/** @throws SluiceError CDC_VALUE_UNFIT for a type that cannot be read exactly */
export function columnCodec(column: SourceColumn): ColumnCodec {
  const reader = readerOf(column);
  if (!reader) {
    throw new SluiceError('CDC_VALUE_UNFIT', `Column ${column.name}: type ${column.sqlType} cannot be carried`);
  }
  const [select, read] = reader;
  const decode = column.mask ? masked(read, column) : read;
  const legacyLarge = LEGACY_LARGE.has(column.sqlType);
  return {
    column,
    large: legacyLarge || column.sqlType === 'xml' || column.maxLength === -1,
    legacyLarge,
    ...(column.mask?.kind === 'stars' && { constant: '*'.repeat(column.mask.length) }),
    // A value from before the column was altered, in a change table that was altered since: turned back it is exactly what it was.
    select: column.storedAs ? (reference) => select(`CONVERT(${typeText(column)}, ${reference})`) : select,
    decode: (value) => {
      const decoded = decode(value);
      if (decoded === undefined) throw unfit(column);
      return decoded;
    },
  };
}

/** Types with two bytes a character. */
const WIDE = new Set(['nchar', 'nvarchar', 'sysname']);
const UUID_CHARACTERS = 36;

function masked(read: Decode, column: SourceColumn): Decode {
  const { sqlType, maxLength, mask } = column;
  let characters = Number.POSITIVE_INFINITY;
  if (sqlType === 'uniqueidentifier') characters = UUID_CHARACTERS;
  else if (!LEGACY_LARGE.has(sqlType) && sqlType !== 'xml' && maxLength > 0)
    characters = WIDE.has(sqlType) ? maxLength / 2 : maxLength;
  const apply = masker(mask!, characters);
  return (value) => apply(read(value) as string);
}

const direct = (reference: string): string => reference;
const converted =
  (type: string, style?: number) =>
  (reference: string): string =>
    `CONVERT(${type}, ${reference}${style === undefined ? '' : `, ${style}`})`;

/**
 * The driver loses digits of decimals, money and fine times, so the server writes those as text. Styles are those of the CAST and CONVERT
 * page: 2 = money with four decimals, 121 = ODBC canonical with all fractional digits.
 */
function readerOf(column: SourceColumn): readonly [(reference: string) => string, Decode] | undefined {
  const { sqlType, scale, saturate } = column;
  if (PLAIN.has(sqlType)) return [direct, asIs];
  if (BYTES.has(sqlType)) return [direct, asIs];
  switch (sqlType) {
    case 'bigint':
      return [direct, (v) => BigInt(v as string)];
    case 'decimal':
    case 'numeric':
      return [converted('varchar(41)'), asIs];
    case 'money':
    case 'smallmoney':
      return [converted('varchar(30)', 2), asIs];
    case 'text':
      return [converted('varchar(max)'), asIs];
    case 'nchar':
    case 'nvarchar':
    case 'sysname':
      return [direct, unicode];
    case 'ntext':
    case 'xml':
      return [converted('nvarchar(max)'), unicode];
    case 'uniqueidentifier':
      return [direct, (v) => (v as string).toUpperCase()];
    case 'date':
      return [converted('varchar(10)', 23), (v) => dateDays(v as string)];
    case 'datetime':
    case 'smalldatetime':
      return [direct, (v) => BigInt((v as Date).getTime())];
    case 'datetime2': {
      if (scale <= 3) return [direct, (v) => BigInt((v as Date).getTime())];
      const instant = scale <= 6 ? microsOf : saturate ? saturatedNanos : nanosOf;
      return [converted('varchar(27)', 121), (v) => instant(v as string)];
    }
    case 'time': {
      if (scale <= 3) return [converted('varchar(16)', 121), (v) => Number(timeUnits(v as string, 3))];
      return [converted('varchar(16)', 121), (v) => timeUnits(v as string, scale <= 6 ? 6 : 9)];
    }
    case 'datetimeoffset':
      return [converted('varchar(34)', 121), (v) => zonedText(v as string)];
    default:
      return undefined;
  }
}

function unfit(column: SourceColumn): SluiceError {
  return new SluiceError(
    'CDC_VALUE_UNFIT',
    `Column ${column.name} (${column.sqlType}): a value is outside what its message type can hold`,
    {
      context: { column: column.name, sqlType: column.sqlType },
    },
  );
}
