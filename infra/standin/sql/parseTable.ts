import type { ObjectName } from './ast.ts';
import type {
  ColumnDefinition,
  IndexColumn,
  InlineIndex,
  ReferentialAction,
  TableConstraint,
  TableDefinition,
} from './astDdl.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseExpr, parsePredicate } from './parseExpr.ts';
import { parseNameList, parseObjectName, parseType } from './parseNames.ts';
import { printExpr, printPredicate } from './print.ts';
import type { TokenStream } from './tokenStream.ts';

interface Building {
  columns: ColumnDefinition[];
  constraints: TableConstraint[];
  indexes: InlineIndex[];
}

/** `(column …, constraint …)` of CREATE TABLE, table types and table variables, with the storage clauses after it. */
export function parseTableDefinition(ts: TokenStream): TableDefinition {
  const out: Building = { columns: [], constraints: [], indexes: [] };
  ts.need('(');
  do {
    if (ts.is(')')) break;
    parseTableItem(ts, out);
  } while (ts.eat(','));
  ts.need(')');
  parseStorage(ts);
  return out;
}

/** The list after ALTER TABLE … ADD, without parentheses. */
export function parseAddedItems(ts: TokenStream): TableDefinition {
  const out: Building = { columns: [], constraints: [], indexes: [] };
  do parseTableItem(ts, out);
  while (ts.eat(','));
  return out;
}

function parseTableItem(ts: TokenStream, out: Building): void {
  const line = ts.line;
  if (ts.eat('INDEX')) {
    out.indexes.push(parseInlineIndex(ts));
    return;
  }
  if (ts.isSeq('PERIOD', 'FOR')) throw unsupported('A system-versioned table', line);
  const name = ts.eat('CONSTRAINT') ? ts.name() : undefined;
  if (name !== undefined || ts.isAny('PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK')) {
    out.constraints.push(parseTableConstraint(ts, name));
    return;
  }
  parseColumn(ts, out);
}

function parseInlineIndex(ts: TokenStream): InlineIndex {
  const name = ts.name();
  const unique = ts.eat('UNIQUE');
  const clustered = parseClustered(ts) === true;
  const columns = parseIndexColumns(ts);
  if (ts.is('WHERE')) throw unsupported('A filtered index', ts.line);
  parseIndexOptions(ts);
  return { name, unique, clustered, columns };
}

function parseClustered(ts: TokenStream): boolean | undefined {
  if (ts.eat('CLUSTERED')) return true;
  if (ts.eat('NONCLUSTERED')) return false;
  return undefined;
}

/** `(a, b DESC)`. */
export function parseIndexColumns(ts: TokenStream): IndexColumn[] {
  return ts.parens(() => {
    const name = ts.name();
    const descending = ts.eat('DESC');
    if (!descending) ts.eat('ASC');
    return { name, descending };
  });
}

/** A constraint that stands by itself; `name` has been taken already. */
function parseTableConstraint(ts: TokenStream, name: string | undefined): TableConstraint {
  const named = name === undefined ? {} : { name };
  if (ts.eat('DEFAULT')) {
    const expr = parseExpr(ts);
    ts.need('FOR');
    const column = ts.name();
    ts.eatSeq('WITH', 'VALUES');
    return { k: 'default', ...named, column, expr, text: `(${printExpr(expr)})` };
  }
  if (ts.isAny('PRIMARY', 'UNIQUE')) return parseKey(ts, name, undefined);
  if (ts.eatSeq('FOREIGN', 'KEY')) return parseReferences(ts, name, parseNameList(ts));
  return parseCheck(ts, name, undefined);
}

function parseKey(ts: TokenStream, name: string | undefined, column: string | undefined): TableConstraint {
  const primary = ts.eatSeq('PRIMARY', 'KEY');
  if (!primary) ts.need('UNIQUE');
  const clustered = parseClustered(ts);
  if (ts.is('HASH')) throw unsupported('A hash index', ts.line);
  const columns = column === undefined || ts.is('(') ? parseIndexColumns(ts) : [{ name: column, descending: false }];
  parseIndexOptions(ts);
  return {
    k: primary ? 'primaryKey' : 'unique',
    ...(name === undefined ? {} : { name }),
    ...(clustered === undefined ? {} : { clustered }),
    columns,
  };
}

function parseReferences(ts: TokenStream, name: string | undefined, columns: readonly string[]): TableConstraint {
  ts.need('REFERENCES');
  const table: ObjectName = parseObjectName(ts);
  const refColumns = ts.is('(') ? parseNameList(ts) : [];
  let onDelete: ReferentialAction = 'noAction';
  let onUpdate: ReferentialAction = 'noAction';
  for (;;) {
    if (ts.eatSeq('ON', 'DELETE')) onDelete = parseReferentialAction(ts);
    else if (ts.eatSeq('ON', 'UPDATE')) onUpdate = parseReferentialAction(ts);
    else if (!eatNotForReplication(ts)) break;
  }
  return { k: 'foreignKey', ...(name === undefined ? {} : { name }), columns, table, refColumns, onDelete, onUpdate };
}

function parseReferentialAction(ts: TokenStream): ReferentialAction {
  if (ts.eatSeq('NO', 'ACTION')) return 'noAction';
  if (ts.eat('CASCADE')) return 'cascade';
  if (ts.eatSeq('SET', 'NULL')) return 'setNull';
  ts.need('SET', 'DEFAULT');
  return 'setDefault';
}

function parseCheck(ts: TokenStream, name: string | undefined, column: string | undefined): TableConstraint {
  ts.need('CHECK');
  eatNotForReplication(ts);
  ts.need('(');
  const test = parsePredicate(ts);
  ts.need(')');
  return {
    k: 'check',
    ...(name === undefined ? {} : { name }),
    test,
    text: `(${printPredicate(test)})`,
    ...(column === undefined ? {} : { column }),
  };
}

function eatNotForReplication(ts: TokenStream): boolean {
  return ts.eatSeq('NOT', 'FOR', 'REPLICATION');
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function parseColumn(ts: TokenStream, out: Building): void {
  const column: Mutable<ColumnDefinition> = { name: ts.name(), rowGuid: false };
  if (ts.eat('AS')) {
    const expr = parseExpr(ts);
    const persisted = ts.eat('PERSISTED');
    column.computed = { expr, text: `(${printExpr(expr)})`, persisted };
  } else if (ts.isName() || ts.is('NATIONAL') || ts.is('DOUBLE')) {
    column.type = parseType(ts);
  } else if (column.name.toLowerCase() === 'timestamp') {
    // A column may be declared by the type name alone: `timestamp`.
    column.type = { k: 'system', type: { k: 'rowversion' }, name: 'timestamp' };
  } else {
    throw ts.error();
  }
  let name: string | undefined;
  for (;;) {
    if (ts.eat('CONSTRAINT')) name = ts.name();
    else if (ts.eat('DEFAULT')) {
      const expr = parseExpr(ts);
      column.default = { expr, text: `(${printExpr(expr)})`, ...(name === undefined ? {} : { name }) };
      ts.eatSeq('WITH', 'VALUES');
      name = undefined;
    } else if (ts.isAny('PRIMARY', 'UNIQUE')) {
      const key = parseKey(ts, name, column.name);
      if (key.k === 'primaryKey') column.nullable = false;
      out.constraints.push(key);
      name = undefined;
    } else if (ts.isAny('CHECK')) {
      out.constraints.push(parseCheck(ts, name, column.name));
      name = undefined;
    } else if (ts.isSeq('FOREIGN', 'KEY') || ts.is('REFERENCES')) {
      ts.eatSeq('FOREIGN', 'KEY');
      out.constraints.push(parseReferences(ts, name, [column.name]));
      name = undefined;
    } else if (!parseColumnProperty(ts, column)) break;
  }
  out.columns.push(column);
}

function parseColumnProperty(ts: TokenStream, column: Mutable<ColumnDefinition>): boolean {
  const line = ts.line;
  if (eatNotForReplication(ts)) return true;
  if (ts.eatSeq('NOT', 'NULL')) column.nullable = false;
  else if (ts.eat('NULL')) column.nullable = true;
  else if (ts.eat('IDENTITY')) column.identity = parseIdentity(ts);
  else if (ts.eat('COLLATE')) column.collation = ts.anyName();
  else if (ts.eat('ROWGUIDCOL')) column.rowGuid = true;
  else if (ts.eat('PERSISTED') && column.computed) column.computed = { ...column.computed, persisted: true };
  else if (ts.isAny('SPARSE', 'MASKED', 'GENERATED', 'FILESTREAM', 'ENCRYPTED', 'HIDDEN', 'INDEX')) {
    throw unsupported(`The column property ${ts.cur.key}`, line);
  } else return false;
  return true;
}

function parseIdentity(ts: TokenStream): { seed: bigint; increment: bigint } {
  if (!ts.eat('(')) return { seed: 1n, increment: 1n };
  const seed = ts.integer();
  ts.need(',');
  const increment = ts.integer();
  ts.need(')');
  if (increment === 0n) throw sqlError(2749, '').at(ts.line);
  return { seed, increment };
}

/** WITH (PAD_INDEX = OFF, …) ON [PRIMARY] of keys and indexes: how rows are stored, not what they mean. */
export function parseIndexOptions(ts: TokenStream): void {
  if (ts.eat('WITH')) {
    if (ts.eat('FILLFACTOR')) {
      ts.need('=');
      ts.integer();
    } else {
      ts.parens(() => {
        const option = ts.next();
        ts.need('=');
        const value = ts.next();
        if (option.key === 'IGNORE_DUP_KEY' && value.key === 'ON')
          throw unsupported('IGNORE_DUP_KEY = ON', option.line);
        if (ts.is('(')) ts.parens(() => ts.next());
        while (!ts.is(',') && !ts.is(')')) if (ts.next().kind === 'end') throw ts.error();
      });
    }
  }
  parseFilegroup(ts);
}

function parseFilegroup(ts: TokenStream): void {
  // ON may also begin a referential action or the ON clause of a trigger; a filegroup is a plain name.
  if (!ts.is('ON') || ['DELETE', 'UPDATE'].includes(ts.peek().key)) return;
  const line = ts.line;
  ts.next();
  ts.anyName();
  if (ts.is('(')) throw unsupported('A partition scheme', line);
}

function parseStorage(ts: TokenStream): void {
  for (;;) {
    if (ts.is('ON')) parseFilegroup(ts);
    else if (ts.isAny('TEXTIMAGE_ON', 'FILESTREAM_ON')) {
      ts.next();
      ts.anyName();
    } else if (ts.isSeq('WITH', '(')) {
      const option = ts.peek(2);
      if (option.key !== 'DATA_COMPRESSION') throw unsupported(`The table option ${option.text}`, option.line);
      parseIndexOptions(ts);
    } else return;
  }
}
