import type { Literal } from './ast.ts';
import { sqlError } from './errors.ts';
import type { Token } from './lexer.ts';
import {
  decimal,
  FLOAT,
  INT,
  MAX,
  MONEY,
  nvarchar,
  type SqlType,
  type SqlValue,
  varbinary,
  varchar,
} from './values.ts';

const INT_LIMIT = 2_147_483_648n;
/** Characters above U+00FF that code page 1252 has. */
const HIGH_IN_PAGE: ReadonlySet<string> = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');

/** The text as a varchar of code page 1252 holds it: `?` for each unit the page lacks. */
export function toCodePage(s: string): string {
  return s.replace(/[\u0100-\uffff]/g, (unit) => (HIGH_IN_PAGE.has(unit) ? unit : '?'));
}

/**
 * The constant a token stands for, with the type the product gives it: whole numbers are int, beyond that decimal (never bigint);
 * numbers with a point are decimal of just their digits; with an exponent float.
 */
export function literalOf(t: Token, negative = false): Literal {
  const make = (type: SqlType, value: SqlValue): Literal => ({ k: 'literal', type, value });
  switch (t.kind) {
    case 'string': {
      const s = toCodePage(t.text);
      return make(varchar(s.length > 8000 ? MAX : Math.max(1, s.length)), s);
    }
    case 'nstring':
      return make(nvarchar(t.text.length > 4000 ? MAX : Math.max(1, t.text.length)), t.text);
    case 'binary': {
      const hex = t.text.length % 2 === 0 ? t.text : `0${t.text}`;
      const bytes = Buffer.from(hex, 'hex');
      return make(varbinary(bytes.length > 8000 ? MAX : Math.max(1, bytes.length)), bytes);
    }
    case 'money':
      return make(MONEY, moneyUnits(t) * (negative ? -1n : 1n));
    default:
      return numberOf(t, negative, make);
  }
}

function moneyUnits(t: Token): bigint {
  const [whole = '', fraction = ''] = t.text.split('.');
  const digits = BigInt(`${whole || '0'}${fraction.slice(0, 4).padEnd(4, '0')}`);
  return (fraction[4] ?? '0') >= '5' ? digits + 1n : digits;
}

function numberOf(t: Token, negative: boolean, make: (type: SqlType, value: SqlValue) => Literal): Literal {
  const text = t.text;
  if (/[eE]/.test(text)) {
    const value = Number(/[eE][+-]?$/.test(text) ? `${text}0` : text);
    return make(FLOAT, negative ? -value : value);
  }
  const [whole = '', fraction = ''] = text.split('.');
  const units = BigInt(whole + fraction || '0');
  const signed = negative ? -units : units;
  if (!text.includes('.') && units < INT_LIMIT) return make(INT, Number(signed));
  const digits = units === 0n ? 0 : units.toString().length;
  const precision = Math.max(1, digits, fraction.length);
  if (precision > 38) throw sqlError(1007, text).at(t.line);
  return make(decimal(precision, fraction.length), signed);
}
