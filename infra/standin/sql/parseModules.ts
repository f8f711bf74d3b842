import type { Expr } from './ast.ts';
import type { FunctionDefinition, ModuleExecuteAs, ModuleMode, Parameter } from './astDdl.ts';
import type { Statement } from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import type { Token } from './lexer.ts';
import { parseNameList, parseObjectName, parseType } from './parseNames.ts';
import { parseConstant } from './parsePrimary.ts';
import { parseCommonTables, parseQuery } from './parseQuery.ts';
import { parseStatement, parseStatementsToEnd } from './parseStatement.ts';
import type { TokenStream } from './tokenStream.ts';

/**
 * A procedure, function, view or trigger: the rest of its batch, which it must begin (111). The current token is the kind of module,
 * `start` the CREATE or ALTER before it.
 */
export function parseModule(ts: TokenStream, mode: ModuleMode, start: Token, first: boolean): Statement {
  const kind = ts.next();
  const line = start.line;
  if (!first)
    throw sqlError(
      111,
      `${mode === 'alter' ? 'ALTER' : 'CREATE'}${mode === 'createOrAlter' ? '/ALTER' : ''} ${kind.key === 'PROC' ? 'PROCEDURE' : kind.key}`,
    ).at(line);
  // The module is all of its batch, and its stored text too, comments before CREATE included.
  const text = ts.sql.trim();
  switch (kind.key) {
    case 'VIEW':
      return parseView(ts, mode, text, line);
    case 'FUNCTION':
      return parseFunction(ts, mode, text, line);
    case 'TRIGGER':
      return parseTrigger(ts, mode, text, line);
    default:
      return parseProcedure(ts, mode, text, line);
  }
}

function parseProcedure(ts: TokenStream, mode: ModuleMode, text: string, line: number): Statement {
  const name = parseObjectName(ts);
  if (ts.is(';')) throw unsupported('A procedure number', line);
  const paren = ts.eat('(');
  const parameters = ts.cur.kind === 'variable' ? ts.list(() => parseParameter(ts)) : [];
  if (paren) ts.need(')');
  const { executeAs } = parseModuleOptions(ts);
  if (ts.isSeq('FOR', 'REPLICATION')) throw unsupported('A procedure FOR REPLICATION', line);
  ts.need('AS');
  if (ts.is('EXTERNAL')) throw unsupported('A CLR procedure', line);
  ts.returnsValue = true;
  return {
    k: 'createProcedure',
    name,
    mode,
    text,
    parameters,
    ...(executeAs ? { executeAs } : {}),
    body: parseStatementsToEnd(ts),
    line,
  };
}

/** `@name [AS] type [= default] [OUTPUT] [READONLY]`. */
function parseParameter(ts: TokenStream): Parameter {
  const displayName = ts.cur.text;
  const name = ts.variable();
  ts.eat('AS');
  if (ts.is('CURSOR')) throw unsupported('A cursor', ts.line);
  const type = parseType(ts);
  if (ts.is('VARYING')) throw unsupported('A cursor', ts.line);
  ts.eatSeq('NOT', 'NULL') || ts.eat('NULL');
  const value = ts.eat('=') ? parameterDefault(ts) : undefined;
  let output = false;
  let readonly = false;
  for (;;) {
    if (ts.eat('OUTPUT') || ts.eat('OUT')) output = true;
    else if (ts.eat('READONLY')) readonly = true;
    else break;
  }
  return { name, displayName, type, output, readonly, ...(value ? { default: value } : {}) };
}

function parameterDefault(ts: TokenStream): Expr {
  const constant = parseConstant(ts);
  if (constant) return constant;
  const t = ts.cur;
  if (t.kind !== 'word') throw ts.error();
  ts.next();
  return { k: 'literal', type: { k: 'nvarchar', n: Math.max(1, t.text.length) }, value: t.text };
}

interface ModuleOptions {
  executeAs?: ModuleExecuteAs;
  schemaBinding: boolean;
}

function parseModuleOptions(ts: TokenStream): ModuleOptions {
  const out: ModuleOptions = { schemaBinding: false };
  if (!ts.is('WITH')) return out;
  ts.next();
  ts.list(() => {
    const line = ts.line;
    if (ts.eat('SCHEMABINDING')) out.schemaBinding = true;
    else if (ts.eat('RECOMPILE') || ts.eat('VIEW_METADATA')) return;
    else if (ts.eatSeq('RETURNS', 'NULL', 'ON', 'NULL', 'INPUT')) throw unsupported('RETURNS NULL ON NULL INPUT', line);
    else if (ts.eatSeq('CALLED', 'ON', 'NULL', 'INPUT')) return;
    else if (ts.eat('INLINE')) {
      ts.need('=');
      ts.next();
    } else if (ts.isAny('EXECUTE', 'EXEC')) out.executeAs = parseModuleExecuteAs(ts);
    else throw unsupported(`The module option ${ts.cur.text}`, line);
  });
  return out;
}

function parseModuleExecuteAs(ts: TokenStream): ModuleExecuteAs {
  ts.next();
  ts.need('AS');
  if (ts.eat('CALLER')) return { k: 'caller' };
  if (ts.eat('OWNER')) return { k: 'owner' };
  if (ts.eat('SELF')) return { k: 'self' };
  return { k: 'user', name: ts.string() };
}

function parseFunction(ts: TokenStream, mode: ModuleMode, text: string, line: number): Statement {
  const name = parseObjectName(ts);
  ts.need('(');
  const parameters = ts.is(')') ? [] : ts.list(() => parseParameter(ts));
  ts.need(')');
  ts.need('RETURNS');
  if (ts.cur.kind === 'variable') throw unsupported('A multi-statement table function', line);
  const inline = ts.eat('TABLE');
  const type = inline ? undefined : parseType(ts);
  const { executeAs, schemaBinding } = parseModuleOptions(ts);
  ts.eat('AS');
  if (ts.is('EXTERNAL')) throw unsupported('A CLR function', line);
  let returns: FunctionDefinition['returns'];
  if (type === undefined) returns = { k: 'inlineTable', query: parseInlineBody(ts) };
  else {
    if (!ts.is('BEGIN')) throw ts.error();
    ts.returnsValue = true;
    const body = parseStatement(ts);
    if (body.k !== 'block' || body.body.at(-1)?.k !== 'return') throw sqlError(455).at(line);
    returns = { k: 'scalar', type, body: body.body };
  }
  if (!ts.atEnd) throw ts.error();
  return {
    k: 'createFunction',
    name,
    mode,
    text,
    parameters,
    schemaBinding,
    ...(executeAs ? { executeAs } : {}),
    returns,
    line,
  };
}

function parseInlineBody(ts: TokenStream): ReturnType<typeof parseQuery> {
  ts.need('RETURN');
  const paren = ts.is('(') && ['WITH', 'SELECT', '('].includes(ts.peek().key) && ts.eat('(');
  const ctes = ts.is('WITH') ? parseCommonTables(ts) : [];
  const query = parseQuery(ts, ctes);
  if (paren) ts.need(')');
  while (ts.eat(';'));
  return query;
}

function parseView(ts: TokenStream, mode: ModuleMode, text: string, line: number): Statement {
  const name = parseObjectName(ts);
  const columns = ts.is('(') ? parseNameList(ts) : undefined;
  const { schemaBinding } = parseModuleOptions(ts);
  ts.need('AS');
  const ctes = ts.is('WITH') ? parseCommonTables(ts) : [];
  const query = parseQuery(ts, ctes);
  if (ts.is('WITH') && ts.peek().key === 'CHECK') throw unsupported('A view WITH CHECK OPTION', line);
  while (ts.eat(';'));
  if (!ts.atEnd) throw ts.error();
  return { k: 'createView', name, mode, text, ...(columns ? { columns } : {}), query, schemaBinding, line };
}

function parseTrigger(ts: TokenStream, mode: ModuleMode, text: string, line: number): Statement {
  const name = parseObjectName(ts);
  ts.need('ON');
  if (ts.is('DATABASE') || ts.isSeq('ALL', 'SERVER')) throw unsupported('A DDL trigger', line);
  const table = parseObjectName(ts);
  const { executeAs } = parseModuleOptions(ts);
  if (ts.isSeq('INSTEAD', 'OF')) throw unsupported('An INSTEAD OF trigger', line);
  if (!ts.eat('AFTER')) ts.need('FOR');
  const events = ts.list(() => {
    const t = ts.next();
    if (t.key !== 'INSERT' && t.key !== 'UPDATE' && t.key !== 'DELETE') throw ts.error(t);
    return t.key === 'INSERT' ? ('insert' as const) : t.key === 'UPDATE' ? ('update' as const) : ('delete' as const);
  });
  ts.eatSeq('NOT', 'FOR', 'REPLICATION');
  ts.need('AS');
  return {
    k: 'createTrigger',
    name,
    mode,
    text,
    table,
    events,
    ...(executeAs ? { executeAs } : {}),
    body: parseStatementsToEnd(ts),
    line,
  };
}
