import type { ObjectName } from './ast.ts';
import type { AlterTableAction, DropKind, SequenceOptions } from './astDdl.ts';
import type { Statement } from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseAlterDatabase, parseCreateDatabase } from './parseDatabase.ts';
import { parseModule } from './parseModules.ts';
import { parseNameList, parseObjectName, parseType } from './parseNames.ts';
import { parseAlterAuthorization, parseAlterRole, parsePrincipal } from './parseSecurity.ts';
import { parseAddedItems, parseIndexColumns, parseIndexOptions, parseTableDefinition } from './parseTable.ts';
import type { TokenStream } from './tokenStream.ts';

const MODULES: ReadonlySet<string> = new Set(['PROCEDURE', 'PROC', 'FUNCTION', 'VIEW', 'TRIGGER']);

/** CREATE …; the current token is CREATE. */
export function parseCreate(ts: TokenStream): Statement {
  const first = ts.atStart;
  const start = ts.cur;
  const line = start.line;
  ts.need('CREATE');
  const orAlter = ts.eatSeq('OR', 'ALTER');
  const what = ts.cur;
  if (MODULES.has(what.key)) return parseModule(ts, orAlter ? 'createOrAlter' : 'create', start, first);
  if (orAlter) throw ts.error();
  switch (what.key) {
    case 'TABLE': {
      ts.next();
      const name = parseObjectName(ts);
      if (ts.isSeq('AS', 'FILETABLE') || ts.isSeq('AS', 'NODE') || ts.isSeq('AS', 'EDGE'))
        throw unsupported(`A ${ts.peek().text} table`, line);
      return { k: 'createTable', name, definition: parseTableDefinition(ts), line };
    }
    case 'UNIQUE':
    case 'CLUSTERED':
    case 'NONCLUSTERED':
    case 'INDEX':
      return parseCreateIndex(ts, line);
    case 'TYPE':
      return parseCreateType(ts, line);
    case 'SCHEMA':
      if (!first) throw sqlError(111, 'CREATE SCHEMA').at(line);
      return parseCreateSchema(ts, line);
    case 'SEQUENCE': {
      ts.next();
      const name = parseObjectName(ts);
      return { k: 'createSequence', name, options: parseSequenceOptions(ts).options, line };
    }
    case 'SYNONYM': {
      ts.next();
      const name = parseObjectName(ts);
      ts.need('FOR');
      return { k: 'createSynonym', name, target: parseObjectName(ts), line };
    }
    case 'DATABASE':
      return parseCreateDatabase(ts, line);
    case 'USER':
    case 'LOGIN':
    case 'ROLE':
    case 'SERVER':
      return parsePrincipal(ts, 'create', line);
    default:
      if (what.kind === 'word') throw unsupported(`CREATE ${what.key}`, line);
      throw ts.error();
  }
}

function parseCreateIndex(ts: TokenStream, line: number): Statement {
  const unique = ts.eat('UNIQUE');
  const clustered = ts.eat('CLUSTERED');
  if (!clustered) ts.eat('NONCLUSTERED');
  if (ts.is('COLUMNSTORE')) throw unsupported('A columnstore index', line);
  ts.need('INDEX');
  const name = ts.name();
  ts.need('ON');
  const table = parseObjectName(ts);
  const columns = parseIndexColumns(ts);
  const include = ts.eat('INCLUDE') ? parseNameList(ts) : [];
  if (ts.is('WHERE')) throw unsupported('A filtered index', line);
  parseIndexOptions(ts);
  return { k: 'createIndex', name, table, unique, clustered, columns, include, line };
}

function parseCreateType(ts: TokenStream, line: number): Statement {
  ts.next();
  const name = parseObjectName(ts);
  if (ts.eatSeq('AS', 'TABLE')) return { k: 'createType', name, nullable: true, table: parseTableDefinition(ts), line };
  if (ts.is('EXTERNAL')) throw unsupported('A CLR type', line);
  ts.need('FROM');
  const base = parseType(ts);
  const nullable = !ts.eatSeq('NOT', 'NULL');
  if (nullable) ts.eat('NULL');
  return { k: 'createType', name, base, nullable, line };
}

function parseCreateSchema(ts: TokenStream, line: number): Statement {
  ts.next();
  const name = ts.is('AUTHORIZATION') ? undefined : ts.name();
  const owner = ts.eat('AUTHORIZATION') ? ts.name() : undefined;
  if (ts.isAny('CREATE', 'GRANT', 'DENY', 'REVOKE')) throw unsupported('CREATE SCHEMA with elements', line);
  return { k: 'createSchema', name: name ?? owner ?? '', ...(owner === undefined ? {} : { owner }), line };
}

function parseSequenceOptions(ts: TokenStream): { options: SequenceOptions; restart?: bigint | null } {
  const options: { -readonly [K in keyof SequenceOptions]: SequenceOptions[K] } = {};
  let restart: bigint | null | undefined;
  for (;;) {
    if (ts.eat('AS')) options.type = parseType(ts);
    else if (ts.eatSeq('START', 'WITH')) options.start = ts.integer();
    else if (ts.eatSeq('INCREMENT', 'BY')) options.increment = ts.integer();
    else if (ts.eatSeq('NO', 'MINVALUE') || ts.eatSeq('NO', 'MAXVALUE') || ts.eatSeq('NO', 'CACHE')) continue;
    else if (ts.eat('MINVALUE')) options.min = ts.integer();
    else if (ts.eat('MAXVALUE')) options.max = ts.integer();
    else if (ts.eatSeq('NO', 'CYCLE')) options.cycle = false;
    else if (ts.eat('CYCLE')) options.cycle = true;
    else if (ts.eat('CACHE')) {
      if (ts.cur.kind === 'number') ts.next();
    } else if (ts.eat('RESTART')) restart = ts.eat('WITH') ? ts.integer() : null;
    else break;
  }
  return { options, ...(restart === undefined ? {} : { restart }) };
}

/** ALTER …; the current token is ALTER. */
export function parseAlter(ts: TokenStream): Statement {
  const first = ts.atStart;
  const start = ts.cur;
  const line = start.line;
  ts.need('ALTER');
  const what = ts.cur;
  if (MODULES.has(what.key)) return parseModule(ts, 'alter', start, first);
  switch (what.key) {
    case 'TABLE': {
      ts.next();
      const table = parseObjectName(ts);
      return { k: 'alterTable', table, action: parseAlterTable(ts), line };
    }
    case 'DATABASE':
      return parseAlterDatabase(ts, line);
    case 'ROLE':
      return parseAlterRole(ts, false, line);
    case 'SERVER':
      ts.next();
      return parseAlterRole(ts, true, line);
    case 'USER':
    case 'LOGIN':
      return parsePrincipal(ts, 'alter', line);
    case 'AUTHORIZATION':
      return parseAlterAuthorization(ts, line);
    case 'SEQUENCE': {
      ts.next();
      const name = parseObjectName(ts);
      return { k: 'alterSequence', name, ...parseSequenceOptions(ts), line };
    }
    default:
      if (what.kind === 'word') throw unsupported(`ALTER ${what.key}`, line);
      throw ts.error();
  }
}

function parseAlterTable(ts: TokenStream): AlterTableAction {
  const line = ts.line;
  let noCheck = false;
  if (ts.eat('WITH')) {
    noCheck = ts.eat('NOCHECK');
    if (!noCheck) ts.need('CHECK');
  }
  if (ts.eat('ADD')) return { k: 'add', definition: parseAddedItems(ts), noCheck };
  if (ts.eat('DROP')) return parseAlterDrop(ts);
  if (ts.isSeq('ALTER', 'COLUMN')) return parseAlterColumn(ts);
  if (ts.isSeq('CHECK', 'CONSTRAINT') || ts.isSeq('NOCHECK', 'CONSTRAINT')) {
    const enable = ts.next().key === 'CHECK';
    ts.next();
    return { k: 'enableConstraints', enable, names: allOrNames(ts), noCheck };
  }
  if (ts.isSeq('ENABLE', 'TRIGGER') || ts.isSeq('DISABLE', 'TRIGGER')) {
    const enable = ts.next().key === 'ENABLE';
    ts.next();
    return { k: 'enableTriggers', enable, names: allOrNames(ts) };
  }
  if (ts.isSeq('ENABLE', 'CHANGE_TRACKING') || ts.isSeq('DISABLE', 'CHANGE_TRACKING')) return parseTableTracking(ts);
  throw ts.cur.kind === 'word' ? unsupported(`ALTER TABLE … ${ts.cur.key}`, line) : ts.error();
}

/** ENABLE | DISABLE CHANGE_TRACKING [WITH (TRACK_COLUMNS_UPDATED = ON | OFF)] */
function parseTableTracking(ts: TokenStream): AlterTableAction {
  const enable = ts.next().key === 'ENABLE';
  ts.next();
  let tracksColumns = false;
  if (enable && ts.isSeq('WITH', '(')) {
    ts.next();
    ts.need('(', 'TRACK_COLUMNS_UPDATED', '=');
    tracksColumns = ts.eat('ON');
    if (!tracksColumns) ts.need('OFF');
    ts.need(')');
  }
  return { k: 'changeTracking', enable, tracksColumns };
}

function allOrNames(ts: TokenStream): string[] {
  return ts.eat('ALL') ? [] : ts.list(() => ts.name());
}

function parseAlterDrop(ts: TokenStream): AlterTableAction {
  const columns: string[] = [];
  const constraints: string[] = [];
  let ifExists = false;
  let into = constraints;
  do {
    if (ts.eat('COLUMN')) into = columns;
    else if (ts.eat('CONSTRAINT')) into = constraints;
    if (ts.eatSeq('IF', 'EXISTS')) ifExists = true;
    into.push(ts.name());
  } while (ts.eat(','));
  return { k: 'drop', columns, constraints, ifExists };
}

function parseAlterColumn(ts: TokenStream): AlterTableAction {
  ts.need('ALTER', 'COLUMN');
  const name = ts.name();
  if (ts.isAny('ADD', 'DROP')) throw unsupported('ALTER COLUMN … ADD or DROP', ts.line);
  const type = parseType(ts);
  const collation = ts.eat('COLLATE') ? ts.anyName() : undefined;
  const nullable = ts.eatSeq('NOT', 'NULL') ? false : ts.eat('NULL') ? true : undefined;
  return {
    k: 'alterColumn',
    name,
    type,
    ...(nullable === undefined ? {} : { nullable }),
    ...(collation === undefined ? {} : { collation }),
  };
}

const DROPS: ReadonlySet<string> = new Set(
  'TABLE VIEW PROCEDURE FUNCTION TRIGGER TYPE SCHEMA ROLE USER LOGIN SEQUENCE DATABASE SYNONYM'.split(' '),
);

/** DROP …; the current token is DROP. */
export function parseDrop(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('DROP');
  if (ts.eat('INDEX')) return parseDropIndex(ts, line);
  const what = ts.next();
  const key = what.key === 'PROC' ? 'PROCEDURE' : what.key;
  if (!DROPS.has(key)) throw what.kind === 'word' ? unsupported(`DROP ${what.key}`, line) : ts.error(what);
  const ifExists = ts.eatSeq('IF', 'EXISTS');
  const names = ts.list(() => parseObjectName(ts));
  return { k: 'drop', object: key as DropKind, ifExists, names, line };
}

function parseDropIndex(ts: TokenStream, line: number): Statement {
  const ifExists = ts.eatSeq('IF', 'EXISTS');
  const indexes = ts.list(() => {
    const first: ObjectName = parseObjectName(ts);
    if (ts.eat('ON')) return { name: first.name, table: parseObjectName(ts) };
    // The old form: table.index.
    if (first.schema === undefined) throw ts.error();
    return {
      name: first.name,
      table: { name: first.schema, ...(first.database === undefined ? {} : { schema: first.database }) },
    };
  });
  return { k: 'dropIndex', ifExists, indexes, line };
}

/** ENABLE | DISABLE TRIGGER names ON table, as a statement of its own. */
export function parseEnableTrigger(ts: TokenStream): Statement {
  const line = ts.line;
  const enable = ts.next().key === 'ENABLE';
  ts.need('TRIGGER');
  const names = ts.eat('ALL') ? [] : ts.list(() => parseObjectName(ts).name);
  ts.need('ON');
  if (ts.isSeq('ALL', 'SERVER') || ts.is('DATABASE')) throw unsupported('A DDL trigger', line);
  const table = parseObjectName(ts);
  return { k: 'alterTable', table, action: { k: 'enableTriggers', enable, names }, line };
}
