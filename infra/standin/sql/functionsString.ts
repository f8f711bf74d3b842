/** String functions that take text apart and put it together. Searching ones are in functionsSearch.ts. */
import { familyOf } from './convertRules.ts';
import { fitText, isUnicode, lengthOf } from './convertText.ts';
import { sqlError } from './errors.ts';
import { coerce, pure, strict1, strict2, strictN, withCollation } from './exprMake.ts';
import { asText } from './exprPredicate.ts';
import type { Compiled } from './exprTypes.ts';
import type { BuiltinTable } from './functions.ts';
import { typeName } from './typeNames.ts';
import { BIGINT, char, INT, MAX, nchar, nvarchar, type SqlType, varbinary, varchar } from './values.ts';

/** The argument as text; 8116 for text, ntext and image, which most functions refuse. */
export function textArg(c: Compiled, fn: string, position: number): Compiled {
  const family = familyOf(c.type);
  if (!c.untypedNull && (family === 'text' || family === 'image' || family === 'xml'))
    throw sqlError(8116, typeName(c.type), position, fn);
  return asText(c);
}

/** varchar or nvarchar like the argument, of length n. */
export function textType(like: SqlType, n: number): SqlType {
  if (isUnicode(like)) return nvarchar(n === MAX || n > 4000 ? MAX : Math.max(1, n));
  return varchar(n === MAX || n > 8000 ? MAX : Math.max(1, n));
}

/** A variable-length type with the same limit. */
function variable(type: SqlType): SqlType {
  return textType(type, lengthOf(type));
}

function map(fn: string, a: Compiled, f: (s: string) => string, type?: SqlType): Compiled {
  const x = textArg(a, fn, 1);
  return withCollation(
    strict1(type ?? variable(x.type), x, (s) => f(s as string)),
    x,
  );
}

/** Length in characters without trailing blanks; bytes for binary. bigint for the (max) types. */
function len(a: Compiled): Compiled {
  const type = lengthOf(a.type) === MAX && ['string', 'binary'].includes(familyOf(a.type)) ? BIGINT : INT;
  const result = (n: number): number | bigint => (type === BIGINT ? BigInt(n) : n);
  if (familyOf(a.type) === 'binary') return strict1(type, a, (v) => result((v as Buffer).length));
  return strict1(type, textArg(a, 'len', 1), (s) => {
    const text = s as string;
    let end = text.length;
    while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
    return result(end);
  });
}

function left(a: Compiled, n: Compiled): Compiled {
  const x = textArg(a, 'left', 1);
  return withCollation(
    strict2(variable(x.type), x, coerce(n, INT), (s, k) => {
      if ((k as number) < 0) throw sqlError(536, 'left');
      return (s as string).slice(0, k as number);
    }),
    x,
  );
}

function right(a: Compiled, n: Compiled): Compiled {
  const x = textArg(a, 'right', 1);
  return withCollation(
    strict2(variable(x.type), x, coerce(n, INT), (s, k) => {
      if ((k as number) < 0) throw sqlError(536, 'right');
      return (s as string).slice(Math.max(0, (s as string).length - (k as number)));
    }),
    x,
  );
}

/** SUBSTRING of text or bytes; positions start at 1 and may lie before the text. */
function substring(a: Compiled, start: Compiled, length: Compiled): Compiled {
  const bytes = familyOf(a.type) === 'binary' || familyOf(a.type) === 'image';
  const x = bytes ? a : asText(a);
  const n = length.constant ? limitOfConstant(length, lengthOf(x.type)) : lengthOf(x.type);
  const type = bytes ? varbinary(n === MAX ? MAX : Math.max(1, n)) : textType(x.type, n);
  return withCollation(
    strictN(type, [x, coerce(start, INT), coerce(length, INT)], ([v, from, count]) => {
      if ((count as number) < 0) throw sqlError(537);
      const begin = (from as number) - 1;
      const end = begin + (count as number);
      const low = Math.max(0, begin);
      return Buffer.isBuffer(v) ? v.subarray(low, Math.max(low, end)) : (v as string).slice(low, Math.max(low, end));
    }),
    x,
  );
}

function limitOfConstant(length: Compiled, most: number): number {
  const n = length.eval({ env: { nowMs: 0, utcOffsetMinutes: 0, dateFirst: 7, dateFormat: 'mdy' } });
  if (typeof n !== 'number' || n < 1) return most;
  return most === MAX ? n : Math.min(n, most);
}

function replicate(a: Compiled, n: Compiled): Compiled {
  const x = textArg(a, 'replicate', 1);
  const most = lengthOf(x.type) === MAX ? MAX : isUnicode(x.type) ? 4000 : 8000;
  const type = textType(x.type, most);
  return strict2(type, x, coerce(n, INT), (s, k) =>
    (k as number) < 0 ? null : fitText((s as string).repeat(k as number), type),
  );
}

function stuff(args: readonly Compiled[]): Compiled {
  const [a, start, length, insert] = args as [Compiled, Compiled, Compiled, Compiled];
  const x = textArg(a, 'stuff', 1);
  const y = coerce(insert, nvarchar(MAX));
  const type = textType(
    isUnicode(x.type) || isUnicode(insert.type) ? nvarchar(1) : varchar(1),
    isUnicode(x.type) ? 4000 : 8000,
  );
  return pure(type, true, args, (f) => {
    const s = x.eval(f);
    const from = coerce(start, INT).eval(f);
    const count = coerce(length, INT).eval(f);
    if (s === null || from === null || count === null) return null;
    const text = s as string;
    const at = (from as number) - 1;
    if (at < 0 || at >= text.length || (count as number) < 0) return null;
    return text.slice(0, at) + ((y.eval(f) as string | null) ?? '') + text.slice(at + (count as number));
  });
}

/** CONCAT and CONCAT_WS: NULLs are empty, everything becomes text. `separator` is the first argument of CONCAT_WS. */
function concat(args: readonly Compiled[], separator?: Compiled): Compiled {
  const parts = args.map(asText);
  const sep = separator ? asText(separator) : undefined;
  const unicode = [...parts, ...(sep ? [sep] : [])].some((p) => isUnicode(p.type));
  const lengths = parts.map((p) => lengthOf(p.type));
  const most = unicode ? 4000 : 8000;
  const total = lengths.includes(MAX)
    ? MAX
    : Math.min(most, lengths.reduce((a, b) => a + b, 0) + (sep ? lengthOf(sep.type) * (parts.length - 1) : 0));
  const type = textType(unicode ? nvarchar(1) : varchar(1), total);
  return pure(type, false, [...args, ...(separator ? [separator] : [])], (f) => {
    if (!sep) return fitText(parts.map((p) => (p.eval(f) as string | null) ?? '').join(''), type);
    const texts = parts.map((p) => p.eval(f)).filter((t) => t !== null);
    return fitText(texts.join((sep.eval(f) as string | null) ?? ''), type);
  });
}

/** TRIM(x) takes blanks, TRIM(chars FROM x) those characters. */
function trim(args: readonly Compiled[], fn: string, front: boolean, back: boolean): Compiled {
  const [a, chars] = args;
  const x = textArg(a!, fn, 1);
  const set = chars ? asText(chars) : undefined;
  return withCollation(
    strictN(variable(x.type), set ? [x, set] : [x], ([s, c]) => {
      const text = s as string;
      const drop = c === undefined ? ' ' : (c as string);
      let begin = 0;
      let end = text.length;
      while (front && begin < end && drop.includes(text[begin] ?? '')) begin++;
      while (back && end > begin && drop.includes(text[end - 1] ?? '')) end--;
      return text.slice(begin, end);
    }),
    x,
  );
}

/** QUOTENAME: brackets by default; NULL for names over 128 characters or unknown quotes. */
function quoteName(args: readonly Compiled[]): Compiled {
  const [a, q] = args;
  const x = coerce(a!, nvarchar(4000));
  return pure(nvarchar(258), true, args, (f) => {
    const s = x.eval(f);
    const mark = q ? (coerce(q, nvarchar(1)).eval(f) as string | null) : '[';
    if (s === null || mark === null || (s as string).length > 128) return null;
    const pairs: Readonly<Record<string, string>> = {
      '[': '[]',
      ']': '[]',
      "'": "''",
      '"': '""',
      '(': '()',
      ')': '()',
      '<': '<>',
      '>': '<>',
      '{': '{}',
      '}': '{}',
      '`': '``',
    };
    const pair = pairs[mark];
    if (!pair) return null;
    const [open = '', close = ''] = pair;
    return open + (s as string).replaceAll(close, close + close) + close;
  });
}

/** STR(float, length, decimals): right-aligned, stars when it does not fit. */
function str(args: readonly Compiled[]): Compiled {
  const [x, n, d] = args;
  return strictN(
    varchar(8000),
    [coerce(x!, { k: 'float' }), n ? coerce(n, INT) : intConstant(10), d ? coerce(d, INT) : intConstant(0)],
    ([v, length, decimals]) => {
      const text = (v as number).toFixed(Math.min(16, decimals as number));
      const whole = (v as number).toFixed(0);
      if (whole.length > (length as number)) return '*'.repeat(length as number);
      return text.length > (length as number) ? text.slice(0, length as number) : text.padStart(length as number);
    },
  );
}

function intConstant(n: number): Compiled {
  return { type: INT, nullable: false, constant: true, eval: () => n };
}

function parseName(name: string, part: number): string | null {
  const parts = name.match(/\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"|[^.]+/g) ?? [];
  const found = parts[parts.length - part];
  if (parts.length > 4 || found === undefined) return null;
  return found.replace(/^\[(.*)\]$/, '$1').replace(/^"(.*)"$/, '$1');
}

export const STRING_FUNCTIONS: BuiltinTable = {
  LEN: { min: 1, max: 1, compile: ([a]) => len(a!) },
  UPPER: { min: 1, max: 1, compile: ([a]) => map('upper', a!, upper) },
  LOWER: { min: 1, max: 1, compile: ([a]) => map('lower', a!, (s) => s.toLowerCase()) },
  LTRIM: { min: 1, max: 2, compile: (args) => trim(args, 'ltrim', true, false) },
  RTRIM: { min: 1, max: 2, compile: (args) => trim(args, 'rtrim', false, true) },
  TRIM: { min: 1, max: 2, compile: (args) => trim(args, 'trim', true, true) },
  REVERSE: { min: 1, max: 1, compile: ([a]) => map('reverse', a!, (s) => s.split('').reverse().join('')) },
  LEFT: { min: 2, max: 2, compile: ([a, n]) => left(a!, n!) },
  RIGHT: { min: 2, max: 2, compile: ([a, n]) => right(a!, n!) },
  SUBSTRING: { min: 3, max: 3, compile: ([a, s, l]) => substring(a!, s!, l!) },
  REPLICATE: { min: 2, max: 2, compile: ([a, n]) => replicate(a!, n!) },
  SPACE: {
    min: 1,
    max: 1,
    compile: ([n]) =>
      strict1(varchar(8000), coerce(n!, INT), (k) =>
        (k as number) < 0 ? null : ' '.repeat(Math.min(8000, k as number)),
      ),
  },
  STUFF: { min: 4, max: 4, compile: stuff },
  CONCAT: { min: 2, max: 254, compile: (args) => concat(args) },
  CONCAT_WS: { min: 3, max: 254, compile: ([s, ...rest]) => concat(rest, s) },
  QUOTENAME: { min: 1, max: 2, compile: quoteName },
  STR: { min: 1, max: 3, compile: str },
  ASCII: {
    min: 1,
    max: 1,
    compile: ([a]) =>
      strict1(
        INT,
        textArg(a!, 'ascii', 1),
        (s) => ((s as string) === '' ? null : (s as string).charCodeAt(0) & 255),
        true,
      ),
  },
  UNICODE: {
    min: 1,
    max: 1,
    compile: ([a]) =>
      strict1(INT, textArg(a!, 'unicode', 1), (s) => ((s as string) === '' ? null : (s as string).charCodeAt(0)), true),
  },
  CHAR: {
    min: 1,
    max: 1,
    compile: ([n]) =>
      strict1(
        char(1),
        coerce(n!, INT),
        (k) => ((k as number) < 0 || (k as number) > 255 ? null : String.fromCharCode(k as number)),
        true,
      ),
  },
  NCHAR: {
    min: 1,
    max: 1,
    compile: ([n]) =>
      strict1(
        nchar(1),
        coerce(n!, INT),
        (k) => ((k as number) < 0 || (k as number) > 65_535 ? null : String.fromCharCode(k as number)),
        true,
      ),
  },
  PARSENAME: {
    min: 2,
    max: 2,
    compile: ([a, n]) =>
      strict2(nvarchar(128), coerce(a!, nvarchar(4000)), coerce(n!, INT), (s, k) =>
        parseName(s as string, k as number),
      ),
  },
};

/** Upper case unit by unit: a letter whose upper case has two units ('ß') stays. */
function upper(s: string): string {
  const up = s.toUpperCase();
  return up.length === s.length
    ? up
    : Array.from(s, (c) => (c.toUpperCase().length === c.length ? c.toUpperCase() : c)).join('');
}
