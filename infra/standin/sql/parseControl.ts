import type { Expr } from './ast.ts';
import type { DeclareItem, RaiserrorStatement, Statement, TransactionName } from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import { RESERVED } from './keywords.ts';
import { parseExpr, parsePredicate } from './parseExpr.ts';
import { parseType } from './parseNames.ts';
import { parseStatement, parseStatementsUntil } from './parseStatement.ts';
import { parseTableDefinition } from './parseTable.ts';
import type { TokenStream } from './tokenStream.ts';

/** DECLARE @a int = 1, @t TABLE (…); the current token is DECLARE. */
export function parseDeclare(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('DECLARE');
  if (ts.cur.kind !== 'variable' && ts.isName()) throw unsupported('A cursor', line);
  const items = ts.list((): DeclareItem => {
    const name = ts.variable();
    ts.eat('AS');
    if (ts.is('CURSOR')) throw unsupported('A cursor', line);
    if (ts.eat('TABLE')) return { k: 'table', name, table: parseTableDefinition(ts) };
    const type = parseType(ts);
    const value = ts.eat('=') ? parseExpr(ts) : undefined;
    return { k: 'scalar', name, type, ...(value ? { value } : {}) };
  });
  return { k: 'declare', items, line };
}

/** IF … [ELSE …]. */
export function parseIf(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('IF');
  const test = parsePredicate(ts);
  const body = parseStatement(ts);
  const mark = ts.mark();
  while (ts.eat(';'));
  if (ts.eat('ELSE')) return { k: 'if', test, body, otherwise: parseStatement(ts), line };
  ts.restore(mark);
  return { k: 'if', test, body, line };
}

export function parseWhile(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('WHILE');
  const test = parsePredicate(ts);
  ts.loops++;
  const body = parseStatement(ts);
  ts.loops--;
  return { k: 'while', test, body, line };
}

/** BEGIN …: a block, a TRY with its CATCH, or a transaction. */
export function parseBegin(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('BEGIN');
  if (ts.eat('TRY')) return parseTry(ts, line);
  if (ts.isAny('DISTRIBUTED', 'DIALOG', 'CONVERSATION', 'ATOMIC')) throw unsupported(`BEGIN ${ts.cur.key}`, line);
  if (ts.eat('TRAN') || ts.eat('TRANSACTION')) {
    const name = transactionName(ts);
    if (ts.isSeq('WITH', 'MARK')) throw unsupported('BEGIN TRANSACTION … WITH MARK', line);
    return { k: 'beginTran', ...name, line };
  }
  const body = parseStatementsUntil(ts, () => ts.is('END'));
  ts.need('END');
  return { k: 'block', body, line };
}

function parseTry(ts: TokenStream, line: number): Statement {
  const body = parseStatementsUntil(ts, () => ts.is('END'));
  ts.need('END', 'TRY');
  ts.eat(';');
  ts.need('BEGIN', 'CATCH');
  const handler = parseStatementsUntil(ts, () => ts.is('END'));
  ts.need('END', 'CATCH');
  return { k: 'tryCatch', body, handler, line };
}

function transactionName(ts: TokenStream): { name?: TransactionName } {
  if (ts.cur.kind === 'variable') return { name: { k: 'variable', variable: ts.variable() } };
  if (!ts.isName() || STATEMENT_WORDS.has(ts.cur.key)) return {};
  return { name: { k: 'name', name: ts.name() } };
}

/** Words that begin a statement without being reserved. */
const STATEMENT_WORDS: ReadonlySet<string> = new Set(['THROW', 'DISABLE', 'ENABLE']);

/** COMMIT, ROLLBACK and SAVE. */
export function parseTransaction(ts: TokenStream): Statement {
  const line = ts.line;
  const verb = ts.next().key;
  const hasWord = ts.eat('TRAN') || ts.eat('TRANSACTION') || (verb !== 'SAVE' && ts.eat('WORK'));
  if (verb === 'SAVE') {
    const { name } = transactionName(ts);
    if (!hasWord || !name) throw ts.error();
    return { k: 'saveTran', name, line };
  }
  // Without the word TRAN a name cannot follow: it would begin the next statement.
  const name = hasWord ? transactionName(ts) : {};
  if (ts.isSeq('WITH', '(')) throw unsupported('COMMIT … WITH (DELAYED_DURABILITY)', line);
  return verb === 'COMMIT' ? { k: 'commit', ...name, line } : { k: 'rollback', ...name, line };
}

export function parseThrow(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('THROW');
  if (!['number', 'variable', 'string', 'nstring'].includes(ts.cur.kind) && !ts.is('-')) return { k: 'throw', line };
  const number = parseExpr(ts);
  ts.need(',');
  const message = parseExpr(ts);
  ts.need(',');
  return { k: 'throw', number, message, state: parseExpr(ts), line };
}

export function parseRaiserror(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('RAISERROR');
  if (!ts.is('(')) throw unsupported('RAISERROR without parentheses', line);
  const [message, severity, state, ...args] = ts.parens(() => parseExpr(ts));
  if (!message || !severity || !state) throw ts.error(ts.previous);
  const options: string[] = ts.eat('WITH') ? ts.list(() => ts.anyName().toUpperCase()) : [];
  const full: RaiserrorStatement = { k: 'raiserror', message, severity, state, args, options };
  return { ...full, line };
}

/** BREAK and CONTINUE; 135 and 136 outside a loop. */
export function parseLoopExit(ts: TokenStream): Statement {
  const { key, line } = ts.next();
  if (ts.loops === 0) throw sqlError(key === 'BREAK' ? 135 : 136).at(line);
  return { k: key === 'BREAK' ? 'break' : 'continue', line };
}

/** RETURN [value]; 178 for a value outside procedures and functions. */
export function parseReturn(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('RETURN');
  const t = ts.cur;
  const wordStarts =
    t.kind === 'word' && (!RESERVED.has(t.key) || EXPRESSION_WORDS.has(t.key)) && !STATEMENT_WORDS.has(t.key);
  const starts =
    wordStarts ||
    (t.kind === 'op' && ['(', '-', '+', '~'].includes(t.key)) ||
    (t.kind !== 'word' && t.kind !== 'op' && t.kind !== 'end');
  const value: Expr | undefined = starts ? parseExpr(ts) : undefined;
  if (value && !ts.returnsValue) throw sqlError(178).at(line);
  return { k: 'return', ...(value ? { value } : {}), line };
}

/** Reserved words that may begin a value. */
const EXPRESSION_WORDS: ReadonlySet<string> = new Set(
  'CASE NULL COALESCE NULLIF CONVERT TRY_CONVERT LEFT RIGHT CURRENT_TIMESTAMP CURRENT_USER SESSION_USER SYSTEM_USER USER'.split(
    ' ',
  ),
);

export function parseWaitfor(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('WAITFOR');
  if (ts.eat('DELAY')) return { k: 'waitfor', kind: 'delay', value: parseExpr(ts), line };
  if (ts.eat('TIME')) return { k: 'waitfor', kind: 'time', value: parseExpr(ts), line };
  throw unsupported('WAITFOR (statement)', line);
}
