import { isPageable, keyCodec } from '#connectors/sqlserver/keyText.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';
import type { Token } from './snapshotFilterText.ts';

/** How a constant is taken for a column. */
export interface LiteralRule {
  /** What is wanted, for messages. */
  readonly expected: string;
  /** The constant as the text its parameter carries; undefined when it does not fit: the server would round, cut or refuse it. */
  text(token: Token): string | undefined;
  /** The expression of exactly the column's type for a parameter. */
  parameter(name: string): string;
}

const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  tinyint: [0n, 255n],
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};
const DATE = String.raw`\d{4}-\d{2}-\d{2}`;
const CLOCK = String.raw`\d{2}:\d{2}(?::\d{2}(?:\.(\d{1,7}))?)?`;

/** Undefined for types whose values are not compared: text, ntext, image, xml and the like. */
export function literalRule(column: SourceColumn): LiteralRule | undefined {
  const check = checkOf(column);
  if (!check) return undefined;
  const [expected, text] = check;
  return { expected, text, parameter: parameterOf(column) };
}

/** The expression of a LIKE pattern for a column of text; undefined for others. The pattern must not be padded or cut to the column's length. */
export function likeParameter({ sqlType, collation }: SourceColumn): ((name: string) => string) | undefined {
  if (['nchar', 'nvarchar', 'sysname', 'ntext'].includes(sqlType)) return (name) => name;
  if (!['char', 'varchar', 'text'].includes(sqlType)) return undefined;
  const collated = collation ? ` COLLATE ${collation}` : '';
  return (name) => `CONVERT(varchar(8000), ${name}${collated})`;
}

function parameterOf(column: SourceColumn): (name: string) => string {
  if (isPageable(column)) return keyCodec(column).parameter;
  const { sqlType } = column;
  if (sqlType === 'float' || sqlType === 'real') return (name) => `CONVERT(${sqlType}, ${name})`;
  if (sqlType === 'nvarchar') return (name) => name;
  return likeParameter(column) ?? ((name) => `CONVERT(varbinary(8000), ${name}, 2)`);
}

type Check = readonly [expected: string, text: (token: Token) => string | undefined];

function checkOf(column: SourceColumn): Check | undefined {
  const { sqlType, precision, scale, maxLength } = column;
  const range = INTEGERS[sqlType];
  if (range) return [`a whole number from ${range[0]} to ${range[1]}`, (token) => integer(token, range)];
  switch (sqlType) {
    case 'bit':
      return ['0, 1, TRUE or FALSE', bit];
    case 'decimal':
    case 'numeric':
      return [
        `a number of at most ${precision - scale} digits before and ${scale} after the point`,
        (token) => decimal(token, precision - scale, scale),
      ];
    case 'money':
    case 'smallmoney':
      return ['a number of at most 4 digits after the point', (token) => decimal(token, 15, 4)];
    case 'float':
    case 'real':
      return ['a number', (token) => (token.kind === 'number' ? token.text : undefined)];
    case 'char':
    case 'varchar':
      return ofText(maxLength, 8000);
    case 'nchar':
    case 'nvarchar':
    case 'sysname':
      return ofText(maxLength === -1 ? -1 : maxLength / 2, 4000);
    case 'binary':
    case 'varbinary':
    case 'timestamp':
    case 'rowversion': {
      const most = maxLength === -1 ? 1990 : maxLength;
      const text = ({ kind, text: hex }: Token): string | undefined =>
        kind === 'bytes' && hex.length % 2 === 0 && hex.length <= most * 2 ? hex.toUpperCase() : undefined;
      return [`0x and at most ${most} bytes in hexadecimal`, text];
    }
    case 'uniqueidentifier':
      return ["a GUID as 'text'", matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)];
    default:
      return temporal(sqlType, scale);
  }
}

function temporal(sqlType: string, scale: number): Check | undefined {
  const digits = sqlType === 'datetime' ? 3 : sqlType === 'smalldatetime' ? 0 : scale;
  const upTo = digits === 0 ? 'whole seconds' : `at most ${digits} digits after the seconds`;
  switch (sqlType) {
    case 'date':
      return ["a date as 'yyyy-mm-dd'", matching(new RegExp(`^${DATE}$`))];
    case 'time':
      return [`a time as 'hh:mm:ss' with ${upTo}`, matching(new RegExp(`^${CLOCK}$`), digits)];
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
      return [
        `a date and time as 'yyyy-mm-dd hh:mm:ss' with ${upTo}`,
        matching(new RegExp(`^${DATE}(?:[ T]${CLOCK})?$`), digits),
      ];
    case 'datetimeoffset':
      return [
        `a date, time and offset as 'yyyy-mm-dd hh:mm:ss +hh:mm' with ${upTo}`,
        matching(new RegExp(String.raw`^${DATE} ${CLOCK} [+-]\d{2}:\d{2}$`), digits),
      ];
    default:
      return undefined;
  }
}

/** Text constants of this form; `digits`: most decimals of the seconds (its first group). */
function matching(form: RegExp, digits = 7): (token: Token) => string | undefined {
  return ({ kind, text }) => {
    const match = kind === 'text' ? form.exec(text) : null;
    return match && (match[1]?.length ?? 0) <= digits ? text.replace('T', ' ') : undefined;
  };
}

function ofText(length: number, most: number): Check {
  const limit = length === -1 ? most : length;
  const fits = ({ kind, text }: Token): string | undefined =>
    kind === 'text' && text.length <= limit ? text : undefined;
  return [`a text of at most ${limit} characters in ''`, fits];
}

function integer({ kind, text }: Token, [low, high]: readonly [bigint, bigint]): string | undefined {
  if (kind !== 'number' || !/^[+-]?\d{1,25}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return value >= low && value <= high ? String(value) : undefined;
}

function decimal({ kind, text }: Token, before: number, after: number): string | undefined {
  const match = kind === 'number' ? /^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text) : null;
  if (!match || match[2]!.length > before || (match[3]?.length ?? 0) > after) return undefined;
  return `${match[1] === '-' ? '-' : ''}${match[2] || '0'}${match[3] ? `.${match[3]}` : ''}`;
}

function bit({ kind, text }: Token): string | undefined {
  const word = text.toUpperCase();
  if (kind === 'number') return text === '0' || text === '1' ? text : undefined;
  if (kind !== 'name') return undefined;
  return word === 'TRUE' ? '1' : word === 'FALSE' ? '0' : undefined;
}
