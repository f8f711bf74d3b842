import { SluiceError } from '#infra/runtime/errors.ts';

/** A word of a filter. `at`: its place in the text, from 1. */
export interface Token {
  readonly kind: 'name' | 'quotedName' | 'number' | 'text' | 'bytes' | 'sign' | 'end';
  /** Value for names, texts and bytes (without quotes and 0x), the sign itself else. */
  readonly text: string;
  readonly at: number;
}

const SPACE = /\s+/y;
const RULES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['text', /N?'((?:[^']|'')*)'/y],
  ['bytes', /0x([0-9A-Fa-f]*)/y],
  ['number', /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['quotedName', /\[((?:[^\]]|\]\])+)\]/y],
  ['quotedName', /"((?:[^"]|"")+)"/y],
  ['name', /[\p{L}_@#][\p{L}\p{N}_@#$]*/uy],
  ['sign', /<>|!=|<=|>=|=|<|>|\(|\)|,/y],
];

/** The error of a filter that cannot be read. `at`: place in the text, from 1. */
export function filterError(at: number, expected: string, found: string): SluiceError {
  return new SluiceError('SNAPSHOT_FILTER_INVALID', `where: at character ${at}: expected ${expected}, found ${found}`, {
    context: { at },
  });
}

/** A token as an error names it. */
export function shown(token: Token): string {
  if (token.kind === 'end') return 'the end';
  const text = token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text;
  return token.kind === 'text' ? `'${text}'` : token.kind === 'bytes' ? `0x${text}` : text;
}

/** The words of a filter, the last of kind `end`. @throws SluiceError SNAPSHOT_FILTER_INVALID */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    SPACE.lastIndex = at;
    if (SPACE.test(text)) {
      at = SPACE.lastIndex;
      continue;
    }
    const token = tokenAt(text, at);
    tokens.push(token.token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', at: text.length + 1 });
  return tokens;
}

function tokenAt(text: string, at: number): { readonly token: Token; readonly end: number } {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at;
    const match = rule.exec(text);
    if (match) return { token: { kind, text: unquoted(kind, match), at: at + 1 }, end: rule.lastIndex };
  }
  const found = text[at]!;
  if (found === "'" || text.startsWith("N'", at)) throw filterError(at + 1, "a text closed by '", 'an open text');
  if (found === '[' || found === '"') throw filterError(at + 1, 'a closed column name', 'an open one');
  throw filterError(at + 1, 'a column, a value or a sign', found);
}

function unquoted(kind: Token['kind'], match: RegExpExecArray): string {
  const inner = match[1] ?? match[0];
  if (kind === 'text') return inner.replaceAll("''", "'");
  if (kind !== 'quotedName') return inner;
  return match[0].startsWith('[') ? inner.replaceAll(']]', ']') : inner.replaceAll('""', '"');
}
