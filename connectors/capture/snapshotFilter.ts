import { quoteName } from '#connectors/sqlserver/identifiers.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { nvarcharOf, type SqlParam } from '#connectors/sqlserver/params.ts';
import { filterError, shown, type Token, tokensOf } from './snapshotFilterText.ts';
import { type LiteralRule, likeParameter, literalRule } from './snapshotFilterTypes.ts';

/** A condition as parameterised T-SQL over the table's columns. Parameters: @f0, @f1, … */
export interface FilterSql {
  readonly text: string;
  readonly params: Readonly<Record<string, SqlParam>>;
}

export const NO_FILTER: FilterSql = { text: '', params: {} };

/** A filter is a few conditions, not a data file. */
const MAX_TEXT = 4000;
const MAX_VALUES = 200;
const SIGNS = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);
const AFTER_COLUMN = '=, <>, <, <=, >, >=, IN, BETWEEN, LIKE, IS or NOT after the column';

/**
 * Reads a filter: conditions joined by AND, each `column op value`, `column [NOT] IN (…)`, `column [NOT] BETWEEN a AND b`,
 * `column [NOT] LIKE 'pattern' [ESCAPE 'c']` or `column IS [NOT] NULL`, parentheses around them allowed. Values are constants and become
 * parameters of exactly the column's type; nothing of the text itself goes into the statement.
 * @throws SluiceError SNAPSHOT_FILTER_INVALID naming the place, what was expected and what was found
 */
export function parseFilter(text: string, columns: readonly SourceColumn[]): FilterSql {
  if (text.length > MAX_TEXT) throw filterError(MAX_TEXT + 1, `at most ${MAX_TEXT} characters`, String(text.length));
  return new FilterParser(tokensOf(text), columns).parse();
}

class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #columns: readonly SourceColumn[];
  readonly #values: string[] = [];
  #next = 0;

  constructor(tokens: readonly Token[], columns: readonly SourceColumn[]) {
    this.#tokens = tokens;
    this.#columns = columns;
  }

  parse(): FilterSql {
    const text = this.#conditions();
    if (this.#peek.kind !== 'end') throw this.#unexpected('AND or the end');
    const params = Object.fromEntries(this.#values.map((value, i) => [`f${i}`, nvarcharOf(4000, value)]));
    return { text, params };
  }

  #conditions(): string {
    const parts = [this.#condition()];
    while (this.#takeWord('AND')) parts.push(this.#condition());
    return parts.join(' AND ');
  }

  #condition(): string {
    if (this.#takeSign('(')) {
      const inner = this.#conditions();
      this.#expectSign(')', 'AND or )');
      return `(${inner})`;
    }
    const column = this.#column();
    const reference = quoteName(column.name);
    if (this.#takeWord('IS')) {
      const not = this.#takeWord('NOT');
      this.#expectWord('NULL', not ? 'NULL' : 'NULL or NOT NULL');
      return `${reference} IS ${not ? 'NOT ' : ''}NULL`;
    }
    const not = this.#takeWord('NOT') ? ' NOT' : '';
    if (this.#takeWord('IN')) return `${reference}${not} IN (${this.#list(column)})`;
    if (this.#takeWord('LIKE')) return `${reference}${not} LIKE ${this.#pattern(column)}`;
    if (this.#takeWord('BETWEEN')) {
      const low = this.#value(column);
      this.#expectWord('AND', 'AND between the two values');
      return `${reference}${not} BETWEEN ${low} AND ${this.#value(column)}`;
    }
    if (not !== '') throw this.#unexpected('IN, LIKE or BETWEEN after NOT');
    const sign = this.#take();
    if (sign.kind !== 'sign' || !SIGNS.has(sign.text)) throw filterError(sign.at, AFTER_COLUMN, shown(sign));
    return `${reference} ${sign.text} ${this.#value(column)}`;
  }

  #column(): SourceColumn {
    const token = this.#take();
    if (token.kind !== 'name' && token.kind !== 'quotedName') throw filterError(token.at, 'a column', shown(token));
    const column = this.#columns.find((c) => c.name.toLowerCase() === token.text.toLowerCase());
    if (column) return column;
    const names = this.#columns.map((c) => c.name).join(', ');
    throw filterError(token.at, `a captured column (${names})`, shown(token));
  }

  #list(column: SourceColumn): string {
    this.#expectSign('(', '(');
    const values = [this.#value(column)];
    while (this.#takeSign(',')) values.push(this.#value(column));
    this.#expectSign(')', ', or )');
    return values.join(', ');
  }

  #value(column: SourceColumn): string {
    const rule: LiteralRule | undefined = literalRule(column);
    const token = this.#take();
    if (!rule) throw filterError(token.at, `IS NULL for a column of type ${column.sqlType}`, shown(token));
    const text = rule.text(token);
    if (text === undefined) throw filterError(token.at, `${rule.expected} for column ${column.name}`, shown(token));
    return rule.parameter(this.#parameter(token, text));
  }

  #pattern(column: SourceColumn): string {
    const parameter = likeParameter(column);
    const token = this.#take();
    if (!parameter) throw filterError(token.at, `a column of text for LIKE, not ${column.sqlType}`, shown(token));
    if (token.kind !== 'text') throw filterError(token.at, "a pattern as 'text'", shown(token));
    const pattern = parameter(this.#parameter(token, token.text));
    if (!this.#takeWord('ESCAPE')) return pattern;
    const mark = this.#take();
    if (mark.kind !== 'text' || mark.text.length !== 1)
      throw filterError(mark.at, 'one character as text', shown(mark));
    return `${pattern} ESCAPE ${parameter(this.#parameter(mark, mark.text))}`;
  }

  #parameter(token: Token, text: string): string {
    if (this.#values.length === MAX_VALUES) throw filterError(token.at, `at most ${MAX_VALUES} values`, 'more');
    this.#values.push(text);
    return `@f${this.#values.length - 1}`;
  }

  get #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek;
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  #takeWord(word: string): boolean {
    if (this.#peek.kind !== 'name' || this.#peek.text.toUpperCase() !== word) return false;
    this.#next++;
    return true;
  }

  #takeSign(sign: string): boolean {
    if (this.#peek.kind !== 'sign' || this.#peek.text !== sign) return false;
    this.#next++;
    return true;
  }

  #expectWord(word: string, expected: string): void {
    if (!this.#takeWord(word)) throw this.#unexpected(expected);
  }

  #expectSign(sign: string, expected: string): void {
    if (!this.#takeSign(sign)) throw this.#unexpected(expected);
  }

  #unexpected(expected: string) {
    return filterError(this.#peek.at, expected, shown(this.#peek));
  }
}
