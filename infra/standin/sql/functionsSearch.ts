/** Functions that look for text in text: CHARINDEX, PATINDEX, REPLACE, TRANSLATE, STRING_ESCAPE, DATALENGTH, DIFFERENCE's kin are not built. */
import { fold } from './collation.ts';
import { familyOf } from './convertRules.ts';
import { isUnicode, lengthOf } from './convertText.ts';
import { sqlError } from './errors.ts';
import { coerce, meetCollations, pure, strict1, strict2, strictN } from './exprMake.ts';
import { asText } from './exprPredicate.ts';
import type { Compiled } from './exprTypes.ts';
import type { BuiltinTable } from './functions.ts';
import { textArg, textType } from './functionsString.ts';
import { escapeJson } from './json.ts';
import { likeMatcher } from './like.ts';
import { BIGINT, INT, MAX, nvarchar, type SqlType, type SqlValue } from './values.ts';

/** Stored size in bytes of a value. */
export function dataLength(v: Exclude<SqlValue, null>, type: SqlType): number {
  if (typeof v === 'string') return type.k === 'uniqueidentifier' ? 16 : isUnicode(type) ? v.length * 2 : v.length;
  if (Buffer.isBuffer(v)) return v.length;
  switch (type.k) {
    case 'bit':
    case 'tinyint':
      return 1;
    case 'smallint':
      return 2;
    case 'int':
    case 'real':
    case 'smallmoney':
    case 'smalldatetime':
      return 4;
    case 'date':
      return 3;
    case 'decimal':
      return type.p <= 9 ? 5 : type.p <= 19 ? 9 : type.p <= 28 ? 13 : 17;
    case 'time':
      return timeBytes(type.s);
    case 'datetime2':
      return timeBytes(type.s) + 3;
    case 'datetimeoffset':
      return timeBytes(type.s) + 5;
    case 'sql_variant':
      return typeof v === 'object' && 'variant' in v && v.value !== null ? dataLength(v.value, v.variant) : 0;
    default:
      return 8;
  }
}

function timeBytes(scale: number): number {
  return scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
}

function dataLengthOf(a: Compiled): Compiled {
  const family = familyOf(a.type);
  const big = lengthOf(a.type) === MAX && (family === 'string' || family === 'binary');
  return strict1(big ? BIGINT : INT, a, (v) => (big ? BigInt(dataLength(v, a.type)) : dataLength(v, a.type)));
}

/** CHARINDEX(what, where [, start]): 1-based, 0 when absent. */
function charIndex(args: readonly Compiled[]): Compiled {
  const [a, b, start] = args;
  const what = textArg(a!, 'charindex', 1);
  const where = asText(b!);
  const collation = meetCollations(what, where, 'charindex');
  const big = lengthOf(where.type) === MAX;
  const list = start ? [what, where, coerce(start, INT)] : [what, where];
  return strictN(big ? BIGINT : INT, list, ([w, t, s]) => {
    const from = s === undefined ? 0 : Math.max(0, (s as number) - 1);
    const at = w === '' ? 0 : fold(t as string, collation).indexOf(fold(w as string, collation), from) + 1;
    return big ? BigInt(at) : at;
  });
}

function patIndex(a: Compiled, b: Compiled): Compiled {
  const pattern = textArg(a, 'patindex', 1);
  const text = asText(b);
  const collation = meetCollations(pattern, text, 'patindex');
  const matches = likeMatcher(collation, false);
  return strict2(INT, pattern, text, (p, t) => {
    const raw = p as string;
    const floating = raw.startsWith('%');
    const body = floating ? raw.replace(/^%+/, '') : raw;
    const last = floating ? (t as string).length : 0;
    for (let i = 0; i <= last; i++) if (matches((t as string).slice(i), body)) return i + 1;
    return 0;
  });
}

function replace(args: readonly Compiled[]): Compiled {
  const [a, b, c] = args.map((arg, i) => textArg(arg, 'replace', i + 1)) as [Compiled, Compiled, Compiled];
  const collation = meetCollations(a, b, 'replace');
  const unicode = [a, b, c].some((x) => isUnicode(x.type));
  const anyMax = [a, b, c].some((x) => lengthOf(x.type) === MAX);
  const type = textType(unicode ? nvarchar(1) : a.type, anyMax ? MAX : unicode ? 4000 : 8000);
  return strictN(type, [a, b, c], ([s, from, to]) => {
    const text = s as string;
    const search = fold(from as string, collation);
    if (search === '') return text;
    const folded = fold(text, collation);
    let out = '';
    let at = 0;
    for (let i = folded.indexOf(search); i >= 0; i = folded.indexOf(search, at)) {
      out += text.slice(at, i) + (to as string);
      at = i + search.length;
    }
    return out + text.slice(at);
  });
}

function translate(args: readonly Compiled[]): Compiled {
  const [a, b, c] = args.map((arg, i) => textArg(arg, 'translate', i + 1)) as [Compiled, Compiled, Compiled];
  return strictN(a.type, [a, b, c], ([s, from, to]) => {
    if ((from as string).length !== (to as string).length) throw sqlError(9828);
    const source = fold(from as string, a.collation);
    return Array.from({ length: (s as string).length }, (_, i) => {
      const unit = (s as string)[i] ?? '';
      const at = source.indexOf(fold(unit, a.collation));
      return at < 0 ? unit : ((to as string)[at] ?? unit);
    }).join('');
  });
}

function stringEscape(a: Compiled, kind: Compiled): Compiled {
  const x = coerce(a, nvarchar(MAX));
  return pure(nvarchar(MAX), true, [a, kind], (f) => {
    const s = x.eval(f);
    const k = kind.eval(f);
    if (s === null || k === null) return null;
    if (String(k).toLowerCase() !== 'json') throw sqlError(13_610, 2, 'string_escape');
    return escapeJson(s as string);
  });
}

export const SEARCH_FUNCTIONS: BuiltinTable = {
  DATALENGTH: { min: 1, max: 1, compile: ([a]) => dataLengthOf(a!) },
  CHARINDEX: { min: 2, max: 3, compile: charIndex },
  PATINDEX: { min: 2, max: 2, compile: ([a, b]) => patIndex(a!, b!) },
  REPLACE: { min: 3, max: 3, compile: replace },
  TRANSLATE: { min: 3, max: 3, compile: translate },
  STRING_ESCAPE: { min: 2, max: 2, compile: ([a, b]) => stringEscape(a!, b!) },
};

/** The rows of STRING_SPLIT: the pieces, blanks kept. NULL text has none. */
export function splitText(text: string, separator: string): string[] {
  if (separator.length !== 1) throw sqlError(214, 'separator', 'nchar(1)/nvarchar(1)');
  return text.split(separator);
}
