import { SluiceError } from '#infra/runtime/errors.ts';
import { quoteName } from './identifiers.ts';
import type { SourceColumn } from './metadata.ts';
import { dateText, ticksText, timeText } from './temporalText.ts';

/**
 * How a key value travels: as text that the server turns back into the column's own type, exactly. The client never compares keys: the
 * order is the column's (collation, padding, SQL Server's own order of GUIDs), and only the server knows it.
 */
export interface KeyCodec {
  readonly column: SourceColumn;
  /** The value of a row (as Avro wants it) as text; hexadecimal for bytes. */
  text(value: unknown): string;
  /** Selects the value as that text. */
  readonly selectText: string;
  /** The expression of the column's type for an nvarchar parameter, e.g. `@k0`. */
  parameter(name: string): string;
}

/** Longest key text: a key of a nonclustered index has at most 1,700 bytes, two hexadecimal digits each. */
export const KEY_TEXT_LENGTH = 4000;

interface Rule {
  /** Type of the parameter after conversion. */
  readonly type: string;
  /** Style of CONVERT in both directions. Source: "CAST and CONVERT", styles of dates, money and binary. */
  readonly style?: number;
  readonly text?: (value: unknown) => string;
}

const bytes = (value: unknown): string => (value as Buffer).toString('hex').toUpperCase();

function ruleOf(column: SourceColumn): Rule | undefined {
  const { sqlType, precision, scale, maxLength } = column;
  switch (sqlType) {
    case 'bit':
      return { type: sqlType, text: (v) => (v ? '1' : '0') };
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'uniqueidentifier':
      return { type: sqlType };
    case 'decimal':
    case 'numeric':
      return { type: `${sqlType}(${precision},${scale})` };
    case 'money':
    case 'smallmoney':
      return { type: sqlType, style: 2 };
    case 'char':
    case 'varchar':
      return maxLength > 0 ? { type: `${sqlType}(${maxLength})` } : undefined;
    case 'nchar':
    case 'nvarchar':
      return maxLength > 0 ? { type: `${sqlType}(${maxLength / 2})` } : undefined;
    case 'sysname':
      return { type: 'nvarchar(128)' };
    case 'binary':
    case 'varbinary':
      return maxLength > 0 ? { type: `${sqlType}(${maxLength})`, style: 2, text: bytes } : undefined;
    case 'timestamp':
    case 'rowversion':
      return { type: 'binary(8)', style: 2, text: bytes };
    case 'date':
      return { type: sqlType, style: 121, text: (v) => dateText(v as number) };
    case 'datetime':
    case 'smalldatetime':
      return { type: sqlType, style: 121, text: (v) => ticksText((v as bigint) * 10_000n, 3) };
    case 'datetime2': {
      const unit = scale <= 3 ? 10_000n : scale <= 6 ? 10n : undefined;
      const ticks = (v: unknown): bigint => (unit === undefined ? (v as bigint) / 100n : (v as bigint) * unit);
      return { type: `datetime2(${scale})`, style: 121, text: (v) => ticksText(ticks(v), scale) };
    }
    case 'time':
      return { type: `time(${scale})`, style: 121, text: (v) => timeText(v as number | bigint, scale) };
    case 'datetimeoffset':
      return {
        type: `datetimeoffset(${scale})`,
        style: 121,
        text: (v) =>
          (v as string)
            .replace('T', ' ')
            .replace(/Z$/, '+00:00')
            .replace(/([+-]\d\d:\d\d)$/, ' $1'),
      };
    default:
      return undefined;
  }
}

/** True when a key may hold this column, so that rows can be paged by it. */
export function isPageable(column: SourceColumn): boolean {
  return ruleOf(column) !== undefined;
}

/** @throws SluiceError CDC_VALUE_UNFIT for a type that cannot be part of a primary key we can page by */
export function keyCodec(column: SourceColumn): KeyCodec {
  const rule = ruleOf(column);
  if (!rule) {
    const message = `Key column ${column.name}: type ${column.sqlType} cannot be paged by`;
    throw new SluiceError('CDC_VALUE_UNFIT', message, { context: { column: column.name, sqlType: column.sqlType } });
  }
  const style = rule.style === undefined ? '' : `, ${rule.style}`;
  // Without it the text would pass through the code page of the database, which may lack the column's letters.
  const collated = column.collation && !column.sqlType.startsWith('n') ? ` COLLATE ${column.collation}` : '';
  return {
    column,
    text: rule.text ?? String,
    selectText: `CONVERT(nvarchar(${KEY_TEXT_LENGTH}), ${quoteName(column.name)}${style})`,
    parameter: (name) => `CONVERT(${rule.type}, ${name}${collated}${style})`,
  };
}
