import { SluiceError } from '#infra/runtime/errors.ts';
import { decimalToBytes } from './decimal.ts';
import type { ColumnShape } from './tableShape.ts';

/** Why a column's default expression has no place in a schema: it is no constant, or not one of the column's type. */
const NONE = undefined;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const QUOTED = /^n?'((?:[^']|'')*)'$/is;
const HEX = /^0x((?:[0-9a-f]{2})*)$/i;
/** ISO: the form that every language setting reads in the same way. */
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?$/;

/**
 * The default of a column as an Avro schema holds it (bytes as text of their code points); undefined without one. Only constants count:
 * `((5))`, `(N'a')`, `(0x0102)`; what the server computes (`getdate()`, `newid()`) has no fixed value. Long integers that JSON cannot hold exactly
 * are left out. Source: documentation of sys.default_constraints, form of the definitions that the server keeps.
 */
export function columnDefault(column: ColumnShape): unknown {
  if (!column.defaultText) return NONE;
  const text = withoutParentheses(column.defaultText.trim());
  try {
    return constantOf(column, text);
  } catch (error) {
    if (error instanceof SluiceError) return NONE;
    throw error;
  }
}

function constantOf(column: ColumnShape, text: string): unknown {
  const { sqlType, scale } = column;
  switch (sqlType) {
    case 'bit':
      return NUMBER.test(text) ? Number(text) !== 0 : NONE;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint': {
      const value = NUMBER.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(value) ? value : NONE;
    }
    case 'real':
    case 'float':
      return NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : NONE;
    case 'decimal':
    case 'numeric':
      return NUMBER.test(text) ? decimalToBytes(plain(text), scale).toString('latin1') : NONE;
    case 'money':
    case 'smallmoney':
      return NUMBER.test(text) ? decimalToBytes(plain(text), MONEY_SCALE).toString('latin1') : NONE;
    case 'char':
    case 'varchar':
    case 'text':
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
    case 'sysname':
      return QUOTED.exec(text)?.[1]?.replaceAll("''", "'");
    case 'binary':
    case 'varbinary':
    case 'image': {
      const hex = HEX.exec(text)?.[1];
      return hex === undefined ? NONE : Buffer.from(hex, 'hex').toString('latin1');
    }
    case 'date':
    case 'smalldatetime':
    case 'datetime':
    case 'datetime2':
      return timeOf(column, QUOTED.exec(text)?.[1] ?? '');
    default:
      return NONE;
  }
}

/** Days, milliseconds or microseconds since 1970; nanoseconds are beyond what JSON holds exactly, unless they are few. */
function timeOf({ sqlType, scale }: ColumnShape, text: string): number | undefined {
  const m = DATE_TIME.exec(text);
  if (!m) return NONE;
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map((part) => Number(part ?? 0)) as number[];
  const ms = new Date(0).setUTCFullYear(year!, month! - 1, day!) + ((hour! * 60 + minute!) * 60 + second!) * 1000;
  if (sqlType === 'date') return m[4] === undefined ? ms / DAY_MS : NONE;
  const fraction = (m[7] ?? '').padEnd(9, '0');
  const digits = sqlType === 'datetime2' ? (scale <= 3 ? 3 : scale <= 6 ? 6 : 9) : 3;
  // What the server would round has no place here: more digits than the column holds, and datetime ends in 0, 3 or 7.
  if (sqlType === 'datetime' && !/[037]/.test(fraction[2]!)) return NONE;
  const held = sqlType === 'datetime2' ? scale : sqlType === 'datetime' ? 3 : 0;
  if (/[1-9]/.test(fraction.slice(held)) || (sqlType === 'smalldatetime' && second !== 0)) return NONE;
  const value = BigInt(ms) * 10n ** BigInt(digits - 3) + BigInt(fraction.slice(0, digits));
  return Number.isSafeInteger(Number(value)) ? Number(value) : NONE;
}

const MONEY_SCALE = 4;
const DAY_MS = 86_400_000;

/** A number without a needless point or sign: `100.` is how the server keeps a large whole number. */
function plain(text: string): string {
  return text
    .replace(/^\+/, '')
    .replace(/\.$/, '')
    .replace(/^(-?)\./, '$10.');
}

/** The expression inside its outer pairs of parentheses; `(1)+(2)` has none. A sign may stand before one: `(-(5))`. */
function withoutParentheses(text: string): string {
  const sign = /^-\s*\(/.test(text) ? '-' : '';
  const inner = sign ? text.slice(1).trim() : text;
  if (!inner.startsWith('(') || !inner.endsWith(')') || !closesAtEnd(inner)) return text;
  const rest = withoutParentheses(inner.slice(1, -1).trim());
  return sign && rest.startsWith('-') ? text : sign + rest;
}

/** True when the first parenthesis is closed by the last character. */
function closesAtEnd(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "'") quoted = !quoted;
    else if (!quoted && c === '(') depth++;
    else if (!quoted && c === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}
