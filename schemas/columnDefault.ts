import { SluiceError } from '#infra/runtime/errors.ts';
import { decimalToBytes } from './decimal.ts';
import type { ColumnShape } from './tableShape.ts';

/** Why a column's default expression has no place in a schema: it is no constant, or not one of the column's type. */
const NONE = undefined;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const QUOTED = /^n?'((?:[^']|'')*)'$/is;
const HEX = /^0x((?:[0-9a-f]{2})*)$/i;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

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
      return NUMBER.test(text) ? Number(text) : NONE;
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
    case 'date': {
      const quoted = DATE.exec(QUOTED.exec(text)?.[1] ?? '');
      return quoted ? Date.UTC(Number(quoted[1]), Number(quoted[2]) - 1, Number(quoted[3])) / DAY_MS : NONE;
    }
    default:
      return NONE;
  }
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
