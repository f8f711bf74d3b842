import { sqlError, unsupported } from './errors.ts';

/** Kinds of tokens. 'word' is an unquoted identifier or keyword, 'quoted' one in brackets or double quotes. */
export type TokenKind =
  | 'word'
  | 'op'
  | 'quoted'
  | 'variable'
  | 'number'
  | 'money'
  | 'string'
  | 'nstring'
  | 'binary'
  | 'end';

/** One token. `text` is its content without quotes; `key` is the upper-case word or the operator, and '' for every other kind. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly key: string;
  /** 1-based line. */
  readonly line: number;
  /** Span in the source, end exclusive. */
  readonly start: number;
  readonly end: number;
}

const TWO_CHAR_OPS: ReadonlySet<string> = new Set([
  '<>',
  '<=',
  '>=',
  '!=',
  '!<',
  '!>',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '::',
]);
const ONE_CHAR_OPS = '+-*/%(),.;=<>&|^~:!{}';

const START = 1;
const PART = 2;
const DIGIT = 4;
const classes = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const ch = String.fromCharCode(c);
  if (/[A-Za-z_#]/.test(ch)) classes[c] = START | PART;
  else if (/[0-9]/.test(ch)) classes[c] = DIGIT | PART;
  else if (/[@$]/.test(ch)) classes[c] = PART;
}

function isStart(c: number): boolean {
  return c < 128 ? (classes[c]! & START) !== 0 : c !== 0xa0 && c !== 0xfeff;
}
function isPart(c: number): boolean {
  return c < 128 ? (classes[c]! & PART) !== 0 : c !== 0xa0 && c !== 0xfeff;
}
function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

const CURRENCY: ReadonlySet<string> = new Set(['$', '£', '€', '¥', '¢']);

/** Splits T-SQL into tokens, the last of kind 'end'. Throws 105, 113 or 102 with the line. */
export function tokenize(sql: string): Token[] {
  const out: Token[] = [];
  const n = sql.length;
  let pos = 0;
  let line = 1;
  const push = (kind: TokenKind, text: string, key: string, start: number): void => {
    out.push({ kind, text, key, line, start, end: pos });
  };
  while (pos < n) {
    const start = pos;
    const c = sql.charCodeAt(pos);
    if (c === 10) {
      line++;
      pos++;
    } else if (c <= 32 || c === 0xa0 || c === 0xfeff) {
      pos++;
    } else if (c === 45 && sql.charCodeAt(pos + 1) === 45) {
      const end = sql.indexOf('\n', pos);
      pos = end < 0 ? n : end;
    } else if (c === 47 && sql.charCodeAt(pos + 1) === 42) {
      pos = commentEnd(sql, pos, line);
      line += countLines(sql, start, pos);
    } else if (c === 39 || ((c === 78 || c === 110) && sql.charCodeAt(pos + 1) === 39)) {
      const open = c === 39 ? pos : pos + 1;
      pos = quoteEnd(sql, open, "'", line);
      push(c === 39 ? 'string' : 'nstring', unquote(sql, open, pos, "'"), '', start);
      line += countLines(sql, start, pos);
    } else if (c === 91) {
      pos = quoteEnd(sql, pos, ']', line);
      push('quoted', unquote(sql, start, pos, ']'), '', start);
    } else if (c === 34) {
      pos = quoteEnd(sql, pos, '"', line);
      push('quoted', unquote(sql, start, pos, '"'), '', start);
    } else if (c === 64) {
      pos++;
      while (pos < n && isPart(sql.charCodeAt(pos))) pos++;
      push('variable', sql.slice(start, pos), '', start);
    } else if (isDigit(c) || (c === 46 && isDigit(sql.charCodeAt(pos + 1)))) {
      pos = numberEnd(sql, pos);
      const text = sql.slice(start, pos);
      if (text.startsWith('0x') || text.startsWith('0X')) push('binary', text.slice(2), '', start);
      else push('number', text, '', start);
    } else if (CURRENCY.has(sql[pos]!)) {
      pos++;
      if (isStart(sql.charCodeAt(pos)) && c === 36) {
        while (pos < n && isPart(sql.charCodeAt(pos))) pos++;
        push('word', sql.slice(start, pos), sql.slice(start, pos).toUpperCase(), start);
      } else {
        while (pos < n && (isDigit(sql.charCodeAt(pos)) || sql[pos] === '.')) pos++;
        push('money', sql.slice(start + 1, pos), '', start);
      }
    } else if (isStart(c)) {
      while (pos < n && isPart(sql.charCodeAt(pos))) pos++;
      const text = sql.slice(start, pos);
      push('word', text, text.toUpperCase(), start);
    } else {
      const two = sql.slice(pos, pos + 2);
      const op = TWO_CHAR_OPS.has(two) ? two : sql[pos]!;
      if (op.length === 1 && !ONE_CHAR_OPS.includes(op)) throw sqlError(102, op).at(line);
      if (op === '{') throw unsupported('An ODBC escape sequence', line);
      pos += op.length;
      push('op', op, op === '!=' ? '<>' : op === '!<' ? '>=' : op === '!>' ? '<=' : op, start);
    }
  }
  push('end', '', '', pos);
  return out;
}

/** End of a comment that may hold others. */
function commentEnd(sql: string, start: number, line: number): number {
  let depth = 0;
  for (let pos = start; pos < sql.length; pos++) {
    if (sql[pos] === '/' && sql[pos + 1] === '*') {
      depth++;
      pos++;
    } else if (sql[pos] === '*' && sql[pos + 1] === '/') {
      depth--;
      pos++;
      if (depth === 0) return pos + 1;
    }
  }
  throw sqlError(113).at(line);
}

/** Position after the closing quote; a doubled quote is part of the content. */
function quoteEnd(sql: string, open: number, quote: string, line: number): number {
  let pos = open + 1;
  for (;;) {
    pos = sql.indexOf(quote, pos);
    if (pos < 0) throw sqlError(105, sql.slice(open + 1, open + 130)).at(line);
    if (sql[pos + 1] !== quote) return pos + 1;
    pos += 2;
  }
}

function unquote(sql: string, open: number, end: number, quote: string): string {
  const inner = sql.slice(open + 1, end - 1);
  return inner.includes(quote) ? inner.replaceAll(quote + quote, quote) : inner;
}

function numberEnd(sql: string, start: number): number {
  let pos = start;
  if (sql[pos] === '0' && (sql[pos + 1] === 'x' || sql[pos + 1] === 'X')) {
    pos += 2;
    while (/[0-9a-fA-F]/.test(sql[pos] ?? '')) pos++;
    return pos;
  }
  while (isDigit(sql.charCodeAt(pos))) pos++;
  if (sql[pos] === '.') {
    pos++;
    while (isDigit(sql.charCodeAt(pos))) pos++;
  }
  const exponent = /^[eE][+-]?[0-9]*/.exec(sql.slice(pos, pos + 8));
  return exponent ? pos + exponent[0].length : pos;
}

function countLines(sql: string, start: number, end: number): number {
  let lines = 0;
  for (let pos = sql.indexOf('\n', start); pos >= 0 && pos < end; pos = sql.indexOf('\n', pos + 1)) lines++;
  return lines;
}
