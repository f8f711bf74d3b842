import type { ColumnType } from './metadata.ts';

/** What an ALTER TABLE does to a column. */
export type ColumnChange =
  /** `type` and `nullable` are null where the text leaves them open or is not understood. */
  | {
      readonly kind: 'alter';
      readonly column: string;
      readonly type: ColumnType | null;
      readonly nullable: boolean | null;
    }
  | { readonly kind: 'drop'; readonly column: string }
  | { readonly kind: 'add'; readonly column: string };

interface Token {
  readonly kind: 'name' | 'word' | 'number' | 'text' | 'sign';
  readonly text: string;
}

const TOKEN =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|N?'((?:[^']|'')*)'|([\p{L}_#@][\p{L}\p{N}_$#@]*)|(\d+)|(.)/gsu;

function tokenize(command: string): Token[] {
  const tokens: Token[] = [];
  for (const [, bracketed, quoted, text, word, number, sign] of command.matchAll(TOKEN)) {
    if (bracketed !== undefined) tokens.push({ kind: 'name', text: bracketed.replaceAll(']]', ']') });
    else if (quoted !== undefined) tokens.push({ kind: 'name', text: quoted.replaceAll('""', '"') });
    else if (text !== undefined) tokens.push({ kind: 'text', text });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

/**
 * The column changes in the text of cdc.ddl_history, which belongs to one table: those of its only ALTER TABLE (the table may have another
 * name by now), or of each one that names `table`. What is not about columns, or not understood, is left out.
 * Source of the grammar: "ALTER TABLE (Transact-SQL)".
 */
export function columnChanges(command: string, table: string): ColumnChange[] {
  const statements = alterStatements(command);
  const named = statements.filter((s) => s.table.toLowerCase() === table.toLowerCase());
  return (statements.length === 1 ? statements : named).flatMap((s) => s.changes);
}

function alterStatements(command: string): { readonly table: string; readonly changes: readonly ColumnChange[] }[] {
  const reader = new Reader(tokenize(command));
  const statements: { table: string; changes: ColumnChange[] }[] = [];
  while (!reader.done) {
    if (!reader.takes('alter', 'table')) {
      reader.next();
      continue;
    }
    const table = reader.objectName();
    if (table === null) continue;
    // A check belongs to a constraint; ADD follows.
    for (const check of ['check', 'nocheck']) reader.takes('with', check);
    let changes: ColumnChange[] = [];
    if (reader.takes('alter', 'column')) changes = alterColumn(reader);
    else if (reader.takes('drop')) changes = dropped(reader);
    else if (reader.takes('add')) changes = added(reader);
    statements.push({ table, changes });
  }
  return statements;
}

function alterColumn(reader: Reader): ColumnChange[] {
  const column = reader.identifier();
  if (column === null) return [];
  // ALTER COLUMN c ADD PERSISTED, DROP SPARSE and their kind leave type and nullability alone.
  if (reader.takes('add') || reader.takes('drop')) return [];
  const type = reader.type();
  if (reader.takes('collate')) reader.identifier();
  const nullable = reader.takes('not', 'null') ? false : reader.takes('null') ? true : null;
  // Without NULL or NOT NULL the column becomes nullable (ANSI_NULL_DFLT_ON, which every driver sets).
  return [{ kind: 'alter', column, type, nullable: nullable ?? true }];
}

/** DROP [CONSTRAINT] a, COLUMN b, c: the kind holds until the next is named; the first is CONSTRAINT. */
function dropped(reader: Reader): ColumnChange[] {
  const changes: ColumnChange[] = [];
  let isColumn = false;
  do {
    if (reader.takes('column')) isColumn = true;
    else if (reader.takes('constraint')) isColumn = false;
    reader.takes('if', 'exists');
    const name = reader.identifier();
    if (name === null) break;
    if (isColumn) changes.push({ kind: 'drop', column: name });
    reader.skipParentheses();
  } while (reader.sign(','));
  return changes;
}

const CONSTRAINT_WORDS = new Set(['constraint', 'primary', 'unique', 'foreign', 'check', 'default', 'index', 'period']);

/** ADD a int, CONSTRAINT …, b AS …: names of columns only. */
function added(reader: Reader): ColumnChange[] {
  const changes: ColumnChange[] = [];
  do {
    const isConstraint = reader.isWord(CONSTRAINT_WORDS);
    const name = reader.identifier();
    if (name === null) break;
    if (!isConstraint) changes.push({ kind: 'add', column: name });
    reader.skipToComma();
  } while (reader.sign(','));
  return changes;
}

/** Bytes of fixed types; for others see `typeOf`. */
const FIXED_LENGTHS: Readonly<Record<string, number>> = {
  bit: 1,
  tinyint: 1,
  smallint: 2,
  int: 4,
  bigint: 8,
  real: 4,
  float: 8,
  money: 8,
  smallmoney: 4,
  date: 3,
  datetime: 8,
  smalldatetime: 4,
  uniqueidentifier: 16,
};
const FIXED_DIGITS: Readonly<Record<string, readonly [precision: number, scale: number]>> = {
  bit: [1, 0],
  tinyint: [3, 0],
  smallint: [5, 0],
  int: [10, 0],
  bigint: [19, 0],
  real: [24, 0],
  float: [53, 0],
  money: [19, 4],
  smallmoney: [10, 4],
  date: [10, 0],
  datetime: [23, 3],
  smalldatetime: [16, 0],
};
const SYNONYMS: Readonly<Record<string, string>> = { integer: 'int', dec: 'decimal', character: 'char' };

/** sys.columns' description of a type as a statement writes it; null for types of the user and those without a fixed rule here. */
function typeOf(written: string, args: readonly string[]): ColumnType | null {
  const name = SYNONYMS[written.toLowerCase()] ?? written.toLowerCase();
  const first = args[0] === undefined ? undefined : args[0] === 'max' ? -1 : Number(args[0]);
  const of = (maxLength: number, precision = 0, scale = 0): ColumnType => ({
    sqlType: name,
    maxLength,
    precision,
    scale,
  });
  switch (name) {
    case 'char':
    case 'varchar':
    case 'binary':
    case 'varbinary':
      return of(first ?? 1);
    case 'nchar':
    case 'nvarchar':
      return of(first === -1 ? -1 : (first ?? 1) * 2);
    case 'decimal':
    case 'numeric': {
      const precision = first ?? 18;
      return of(precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17, precision, Number(args[1] ?? 0));
    }
    case 'time':
    case 'datetime2':
    case 'datetimeoffset': {
      const scale = first ?? 7;
      const step = scale <= 2 ? 0 : scale <= 4 ? 1 : 2;
      const [bytes, digits] = name === 'time' ? [3, 8] : name === 'datetime2' ? [6, 19] : [8, 26];
      return of(bytes + step, digits + (scale > 0 ? scale + 1 : 0), scale);
    }
  }
  const length = FIXED_LENGTHS[name];
  if (length === undefined || args.length > 0) return null;
  return of(length, ...(FIXED_DIGITS[name] ?? [0, 0]));
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  /** Takes these words when all of them come next. */
  takes(...words: readonly string[]): boolean {
    const fits = words.every((word, i) => {
      const token = this.#tokens[this.#at + i];
      return token?.kind === 'word' && token.text.toLowerCase() === word;
    });
    if (fits) this.#at += words.length;
    return fits;
  }

  isWord(words: ReadonlySet<string>): boolean {
    const token = this.#tokens[this.#at];
    return token?.kind === 'word' && words.has(token.text.toLowerCase());
  }

  sign(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.text !== text) return false;
    this.#at++;
    return true;
  }

  identifier(): string | null {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'name' && token?.kind !== 'word') return null;
    this.#at++;
    return token.text;
  }

  /** Last part of a name of up to three parts. */
  objectName(): string | null {
    let name = this.identifier();
    while (this.sign('.')) name = this.identifier();
    return name;
  }

  /** A type; null when it is not one of the system's. */
  type(): ColumnType | null {
    const name = this.objectName();
    const args: string[] = [];
    if (this.sign('(')) {
      for (let token = this.next(); token && token.text !== ')'; token = this.next())
        if (token.kind !== 'sign') args.push(token.text.toLowerCase());
    }
    return name === null ? null : typeOf(name, args);
  }

  skipParentheses(): void {
    if (!this.sign('(')) return;
    for (let depth = 1; depth > 0 && !this.done; ) {
      const token = this.next()!;
      if (token.kind === 'sign') depth += token.text === '(' ? 1 : token.text === ')' ? -1 : 0;
    }
  }

  /** To the comma that ends this item, or to where the next statement may begin. */
  skipToComma(): void {
    while (!this.done) {
      const token = this.#tokens[this.#at]!;
      if (token.kind === 'sign' && (token.text === ',' || token.text === ';')) return;
      if (token.kind === 'word' && token.text.toLowerCase() === 'alter') return;
      if (token.kind === 'sign' && token.text === '(') this.skipParentheses();
      else this.#at++;
    }
  }
}
