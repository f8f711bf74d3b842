import { type SqlError, sqlError } from './errors.ts';
import { RESERVED } from './keywords.ts';
import { type Token, tokenize } from './lexer.ts';

/** Tokens of one batch with a position, and the questions a recursive-descent parser asks. */
export class TokenStream {
  readonly sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** WHILE loops around the current token. */
  loops = 0;
  /** Inside a procedure or function: RETURN may give a value. */
  returnsValue = false;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokenize(sql);
  }

  /** The current token; the last one is of kind 'end' and stays current for ever. */
  get cur(): Token {
    return this.#tokens[this.#at]!;
  }

  get line(): number {
    return this.cur.line;
  }

  /** True before the first token. */
  get atStart(): boolean {
    return this.#at === 0;
  }

  get atEnd(): boolean {
    return this.cur.kind === 'end';
  }

  /** The token n places on. */
  peek(n = 1): Token {
    return this.#tokens[Math.min(this.#at + n, this.#tokens.length - 1)]!;
  }

  /** The token just taken. */
  get previous(): Token | undefined {
    return this.#tokens[this.#at - 1];
  }

  /** Current position, for `restore`. */
  mark(): number {
    return this.#at;
  }

  restore(mark: number): void {
    this.#at = mark;
  }

  /** Takes the current token. */
  next(): Token {
    const t = this.cur;
    if (t.kind !== 'end') this.#at++;
    return t;
  }

  /** True if the current token is that keyword or operator. */
  is(key: string): boolean {
    return this.cur.key === key;
  }

  /** True if the next tokens are these keywords or operators. */
  isSeq(...keys: readonly string[]): boolean {
    return keys.every((key, i) => this.peek(i).key === key);
  }

  isAny(...keys: readonly string[]): boolean {
    const key = this.cur.key;
    return key !== '' && keys.includes(key);
  }

  eat(key: string): boolean {
    if (this.cur.key !== key) return false;
    this.#at++;
    return true;
  }

  eatSeq(...keys: readonly string[]): boolean {
    if (!this.isSeq(...keys)) return false;
    this.#at += keys.length;
    return true;
  }

  need(...keys: readonly string[]): void {
    for (const key of keys) if (!this.eat(key)) throw this.error();
  }

  /** The error for the current token: 156 for keywords, 102 for the rest. */
  error(token: Token = this.cur): SqlError {
    if (token.kind === 'word' && RESERVED.has(token.key)) return sqlError(156, token.text).at(token.line);
    // At the end the product names the last token, as there is nothing else to name.
    const shown = token.kind === 'end' ? (this.previous ?? token) : token;
    return sqlError(102, shown.text).at(shown.line);
  }

  /** True if the current token can be a name. */
  isName(): boolean {
    const t = this.cur;
    return t.kind === 'quoted' || (t.kind === 'word' && !RESERVED.has(t.key));
  }

  /** Takes a name; reserved words must be quoted. */
  name(): string {
    if (!this.isName()) throw this.error();
    return this.next().text;
  }

  /** Takes any word or quoted name, reserved or not. */
  anyName(): string {
    const t = this.cur;
    if (t.kind !== 'word' && t.kind !== 'quoted') throw this.error();
    return this.next().text;
  }

  /** Takes `@name`, lower case; `@@name` is refused. */
  variable(): string {
    const t = this.cur;
    if (t.kind !== 'variable' || t.text.startsWith('@@')) throw this.error();
    this.next();
    return t.text.toLowerCase();
  }

  /** Takes a string constant. */
  string(): string {
    const t = this.cur;
    if (t.kind !== 'string' && t.kind !== 'nstring') throw this.error();
    this.next();
    return t.text;
  }

  /** Takes a whole number with an optional sign. */
  integer(): bigint {
    const negative = this.eat('-');
    if (!negative) this.eat('+');
    const t = this.cur;
    if (t.kind !== 'number' || !/^\d+$/.test(t.text)) throw this.error();
    this.next();
    return negative ? -BigInt(t.text) : BigInt(t.text);
  }

  /** One or more of something, separated by commas. */
  list<T>(item: () => T): T[] {
    const out = [item()];
    while (this.eat(',')) out.push(item());
    return out;
  }

  /** A parenthesised list. */
  parens<T>(item: () => T): T[] {
    this.need('(');
    const out = this.list(item);
    this.need(')');
    return out;
  }
}
