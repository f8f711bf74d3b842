import type { ObjectName, TypeRef } from './ast.ts';
import { sqlError, unsupported } from './errors.ts';
import type { TokenStream } from './tokenStream.ts';
import { MAX, type SqlType } from './values.ts';

/** A name of one to three parts; empty middle parts (`db..t`) are undefined. */
export function parseObjectName(ts: TokenStream): ObjectName {
  const parts: (string | undefined)[] = [ts.is('.') ? undefined : ts.name()];
  const line = ts.line;
  while (ts.eat('.')) parts.push(ts.is('.') ? undefined : ts.anyName());
  if (parts.length > 3) throw unsupported('A linked server name', line);
  const name = parts.pop();
  if (name === undefined) throw ts.error();
  const schema = parts.pop();
  const database = parts.pop();
  return { name, ...(schema === undefined ? {} : { schema }), ...(database === undefined ? {} : { database }) };
}

/** `(a, b, c)` as plain names. */
export function parseNameList(ts: TokenStream): string[] {
  return ts.parens(() => ts.name());
}

/** Where a type stands decides the length of `varchar` without one: 1 in declarations, 30 in CAST and CONVERT. */
export type TypePlace = 'declaration' | 'cast';

const SIMPLE: ReadonlyMap<string, { type: SqlType; name: string }> = new Map(
  (
    [
      ['bit', 'bit'],
      ['tinyint', 'tinyint'],
      ['smallint', 'smallint'],
      ['int', 'int'],
      ['integer', 'int'],
      ['bigint', 'bigint'],
      ['money', 'money'],
      ['smallmoney', 'smallmoney'],
      ['real', 'real'],
      ['text', 'text'],
      ['ntext', 'ntext'],
      ['image', 'image'],
      ['xml', 'xml'],
      ['rowversion', 'rowversion'],
      ['timestamp', 'rowversion'],
      ['uniqueidentifier', 'uniqueidentifier'],
      ['date', 'date'],
      ['datetime', 'datetime'],
      ['smalldatetime', 'smalldatetime'],
      ['sql_variant', 'sql_variant'],
    ] as const
  ).map(([written, k]) => [written, { type: { k }, name: k === 'rowversion' ? 'timestamp' : k }]),
);

const UNSUPPORTED_TYPES: ReadonlySet<string> = new Set([
  'cursor',
  'hierarchyid',
  'geometry',
  'geography',
  'vector',
  'json',
]);

/** A type name with its arguments. Throws 243-like errors at once for bad arguments; user types are left to be looked up. */
export function parseType(ts: TokenStream, place: TypePlace = 'declaration'): TypeRef {
  const line = ts.line;
  const words = doubleWord(ts);
  if (words) return withLength(ts, words, place, line);
  const name: ObjectName = ts.isSeq('NATIONAL') || ts.is('CURSOR') ? { name: ts.next().text } : parseObjectName(ts);
  const low = name.name.toLowerCase();
  const system = name.schema === undefined || name.schema.toLowerCase() === 'sys';
  if (!system) return { k: 'user', name };
  if (UNSUPPORTED_TYPES.has(low)) throw unsupported(`The data type ${low}`, line);
  if (low === 'sysname') return { k: 'system', type: { k: 'nvarchar', n: 128 }, name: 'sysname' };
  const simple = SIMPLE.get(low);
  if (simple) {
    if (ts.is('(')) throw sqlError(2716, 1, low).at(line);
    return { k: 'system', ...simple };
  }
  return PARAMETERISED.has(low) ? withLength(ts, low, place, line) : { k: 'user', name };
}

const PARAMETERISED: ReadonlySet<string> = new Set(
  'char varchar nchar nvarchar character binary varbinary decimal dec numeric float time datetime2 datetimeoffset'.split(
    ' ',
  ),
);

/** `double precision`, `char varying`, `national character varying`…: the simple name they stand for. */
function doubleWord(ts: TokenStream): string | undefined {
  if (ts.eatSeq('DOUBLE', 'PRECISION')) return 'float';
  if (ts.eat('NATIONAL')) {
    if (ts.eat('TEXT')) return 'ntext';
    ts.next();
    return ts.eat('VARYING') ? 'nvarchar' : 'nchar';
  }
  if (ts.isSeq('CHAR', 'VARYING') || ts.isSeq('CHARACTER', 'VARYING')) {
    ts.next();
    ts.next();
    return 'varchar';
  }
  if (ts.eatSeq('BINARY', 'VARYING')) return 'varbinary';
  return undefined;
}

function withLength(ts: TokenStream, written: string, place: TypePlace, line: number): TypeRef {
  const args: number[] = [];
  if (ts.eat('(')) {
    do args.push(ts.eat('MAX') ? MAX : Number(ts.integer()));
    while (ts.eat(','));
    ts.need(')');
  }
  const [a, b] = args;
  const name = written === 'character' ? 'char' : written === 'dec' ? 'decimal' : written;
  return { k: 'system', name, type: build(name, a, b, place, line) };
}

function build(name: string, a: number | undefined, b: number | undefined, place: TypePlace, line: number): SqlType {
  const length = (most: number, maxAllowed: boolean): number => {
    if (a === undefined) return place === 'cast' ? 30 : 1;
    if (a === MAX && maxAllowed) return MAX;
    if (a < 1) throw sqlError(1001, line, a).at(line);
    if (a > most) throw sqlError(131, a, name, most).at(line);
    return a;
  };
  const scale = (): number => {
    if (a !== undefined && (a < 0 || a > 7)) throw sqlError(1002, line, a).at(line);
    return a ?? 7;
  };
  switch (name) {
    case 'char':
      return { k: 'char', n: length(8000, false) };
    case 'varchar':
      return { k: 'varchar', n: length(8000, true) };
    case 'nchar':
      return { k: 'nchar', n: length(4000, false) };
    case 'nvarchar':
      return { k: 'nvarchar', n: length(4000, true) };
    case 'binary':
      return { k: 'binary', n: length(8000, false) };
    case 'varbinary':
      return { k: 'varbinary', n: length(8000, true) };
    case 'ntext':
      return { k: 'ntext' };
    case 'float':
      return a !== undefined && a <= 24 ? { k: 'real' } : { k: 'float' };
    case 'time':
      return { k: 'time', s: scale() };
    case 'datetime2':
      return { k: 'datetime2', s: scale() };
    case 'datetimeoffset':
      return { k: 'datetimeoffset', s: scale() };
    default: {
      const p = a ?? 18;
      const s = b ?? 0;
      if (p < 1 || p > 38) throw sqlError(2750, p).at(line);
      if (s < 0 || s > p) throw sqlError(192).at(line);
      return { k: 'decimal', p, s };
    }
  }
}
