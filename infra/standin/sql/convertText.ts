import { readCodePage } from '../tds/codePage.ts';
import type { Convert } from './convertNumber.ts';
import { scaleOf } from './convertNumber.ts';
import { familyOf } from './convertRules.ts';
import { sqlError } from './errors.ts';
import { formatFloat, formatMoney, formatReal } from './formatNumber.ts';
import { formatTemporal } from './formatTemporal.ts';
import { toCodePage } from './literals.ts';
import { scaledText } from './numeric.ts';
import { typeName } from './typeNames.ts';
import { MAX, type SqlType, type SqlValue } from './values.ts';

/** True for the types whose values are UTF-16 text. */
export function isUnicode(type: SqlType): boolean {
  return type.k === 'nchar' || type.k === 'nvarchar' || type.k === 'ntext' || type.k === 'xml';
}

/** Length in characters, MAX for the types without limit. */
export function lengthOf(type: SqlType): number {
  return 'n' in type ? type.n : MAX;
}

/** Cuts or pads text to its type: char and nchar always fill their length. */
export function fitText(s: string, to: SqlType): string {
  const n = lengthOf(to);
  if (n === MAX) return s;
  if (s.length > n) return s.slice(0, n);
  return to.k === 'char' || to.k === 'nchar' ? s.padEnd(n, ' ') : s;
}

/** From anything that has a text form to a string type. */
export function toText(from: SqlType, to: SqlType, style: number | undefined): Convert {
  const narrow = isUnicode(to) ? (s: string): string => s : toCodePage;
  const n = lengthOf(to);
  switch (familyOf(from)) {
    case 'string':
    case 'text':
    case 'xml': {
      if (isUnicode(from) && !isUnicode(to)) return (v) => fitText(toCodePage(v as string), to);
      const padded = to.k === 'char' || to.k === 'nchar';
      if (!padded && (n === MAX || (lengthOf(from) !== MAX && lengthOf(from) <= n))) return (v) => v;
      return (v) => fitText(v as string, to);
    }
    case 'oldDate':
    case 'newDate':
      return (v) => fitText(formatTemporal(v, from, style), to);
    case 'guid':
      if (n !== MAX && n < 36) {
        return () => {
          throw sqlError(8170);
        };
      }
      return (v) => fitText(v as string, to);
    case 'number':
      return (v) => fitNumber(numberText(v, from, style), from, to);
    default:
      return (v) => fitText(narrow(bytesText(v as Buffer, to, style)), to);
  }
}

/** A number's text without regard to the target's length. */
export function numberText(v: SqlValue, from: SqlType, style?: number): string {
  switch (from.k) {
    case 'decimal':
      return scaledText(v as bigint, scaleOf(from));
    case 'money':
    case 'smallmoney':
      return formatMoney(v as bigint, style);
    case 'float':
      return formatFloat(v as number, style);
    case 'real':
      return formatReal(v as number, style);
    default:
      return String(v);
  }
}

/** A number that does not fit: whole numbers show a star in the old types, everything else is an error. */
function fitNumber(text: string, from: SqlType, to: SqlType): string {
  const n = lengthOf(to);
  if (n === MAX || text.length <= n) return fitText(text, to);
  if (from.k === 'money') throw sqlError(234, typeName(to));
  if (from.k === 'smallmoney') throw sqlError(292, typeName(to));
  if (from.k === 'decimal' || from.k === 'float' || from.k === 'real')
    throw sqlError(8115, typeName(from), typeName(to));
  if (isUnicode(to)) throw sqlError(8115, 'expression', typeName(to));
  return fitText('*', to);
}

/** Style 0: the bytes are characters; 1: hex with 0x; 2: hex without. */
function bytesText(v: Buffer, to: SqlType, style: number | undefined): string {
  if (style === 1) return `0x${v.toString('hex').toUpperCase()}`;
  if (style === 2) return v.toString('hex').toUpperCase();
  if (!isUnicode(to)) return readCodePage(v);
  return v.subarray(0, v.length - (v.length % 2)).toString('utf16le');
}
