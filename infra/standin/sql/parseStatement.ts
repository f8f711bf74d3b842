import type { Statement } from './astStatements.ts';
import { unsupported } from './errors.ts';
import { RESERVED } from './keywords.ts';
import {
  parseBegin,
  parseDeclare,
  parseIf,
  parseLoopExit,
  parseRaiserror,
  parseReturn,
  parseThrow,
  parseTransaction,
  parseWaitfor,
  parseWhile,
} from './parseControl.ts';
import { parseAlter, parseCreate, parseDrop, parseEnableTrigger } from './parseDdl.ts';
import { parseDelete, parseInsert, parseUpdate } from './parseDml.ts';
import { parseExecute, parseProcedureCall } from './parseExecute.ts';
import { parseExpr } from './parseExpr.ts';
import { parseMerge } from './parseMerge.ts';
import { parseObjectName } from './parseNames.ts';
import { parseCommonTables, parseQuery } from './parseQuery.ts';
import { parsePermission } from './parseSecurity.ts';
import { parseSetStatement } from './parseSetOption.ts';
import type { TokenStream } from './tokenStream.ts';

/** Words that begin statements which are known but not built. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['GOTO', 'GOTO'],
  ['OPEN', 'A cursor'],
  ['FETCH', 'A cursor'],
  ['CLOSE', 'A cursor'],
  ['DEALLOCATE', 'A cursor'],
  ['BACKUP', 'BACKUP'],
  ['RESTORE', 'RESTORE'],
  ['DBCC', 'DBCC'],
  ['BULK', 'BULK INSERT'],
  ['SHUTDOWN', 'SHUTDOWN'],
  ['READTEXT', 'READTEXT'],
  ['WRITETEXT', 'WRITETEXT'],
  ['UPDATETEXT', 'UPDATETEXT'],
  ['SETUSER', 'SETUSER'],
]);

type Parse = (ts: TokenStream) => Statement;

const PARSERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['SELECT', parseSelectStatement],
  ['WITH', parseWithStatement],
  ['INSERT', (ts) => parseInsert(ts, [])],
  ['UPDATE', (ts) => parseUpdate(ts, [])],
  ['DELETE', (ts) => parseDelete(ts, [])],
  ['MERGE', (ts) => parseMerge(ts, [])],
  ['TRUNCATE', parseTruncate],
  ['DECLARE', parseDeclare],
  ['SET', parseSetStatement],
  ['IF', parseIf],
  ['WHILE', parseWhile],
  ['BREAK', parseLoopExit],
  ['CONTINUE', parseLoopExit],
  ['BEGIN', parseBegin],
  ['COMMIT', parseTransaction],
  ['ROLLBACK', parseTransaction],
  ['SAVE', parseTransaction],
  ['THROW', parseThrow],
  ['RAISERROR', parseRaiserror],
  ['PRINT', parsePrint],
  ['RETURN', parseReturn],
  ['WAITFOR', parseWaitfor],
  ['EXEC', parseExecuteStatement],
  ['EXECUTE', parseExecuteStatement],
  ['REVERT', (ts) => ({ k: 'revert', line: ts.next().line })],
  ['USE', parseUse],
  ['KILL', parseKill],
  ['CHECKPOINT', (ts) => ({ k: 'noop', what: 'CHECKPOINT', line: ts.next().line })],
  ['RECONFIGURE', parseReconfigure],
  ['CREATE', parseCreate],
  ['ALTER', parseAlter],
  ['DROP', parseDrop],
  ['GRANT', parsePermission],
  ['DENY', parsePermission],
  ['REVOKE', parsePermission],
  ['ENABLE', parseEnableTrigger],
  ['DISABLE', parseEnableTrigger],
]);

/** One statement with its closing semicolons. */
export function parseStatement(ts: TokenStream): Statement {
  const statement = parseBare(ts);
  while (ts.eat(';'));
  return statement;
}

/** Statements until `done`; at least one is needed, and the end of the text before `done` is an error. */
export function parseStatementsUntil(ts: TokenStream, done: () => boolean): Statement[] {
  const out: Statement[] = [];
  while (ts.eat(';'));
  while (!done()) {
    if (ts.atEnd) throw ts.error();
    out.push(parseStatement(ts));
  }
  return out;
}

/** Statements to the end of the text: a batch or a module's body. */
export function parseStatementsToEnd(ts: TokenStream): Statement[] {
  const out: Statement[] = [];
  while (ts.eat(';'));
  while (!ts.atEnd) out.push(parseStatement(ts));
  return out;
}

function parseBare(ts: TokenStream): Statement {
  const t = ts.cur;
  const parse = PARSERS.get(t.key);
  if (parse) return parse(ts);
  if (t.key === '(') return parseSelectStatement(ts);
  const refused = REFUSED.get(t.key);
  if (refused) throw unsupported(refused, t.line);
  if (t.kind === 'word' && ts.peek().key === ':' && !RESERVED.has(t.key)) throw unsupported('A label', t.line);
  // A procedure may be called without EXEC by the first statement of a batch.
  if (ts.atStart && ts.isName()) return { ...parseProcedureCall(ts), line: t.line };
  throw ts.error();
}

function parseSelectStatement(ts: TokenStream): Statement {
  const line = ts.line;
  return { k: 'select', query: parseQuery(ts), line };
}

function parseWithStatement(ts: TokenStream): Statement {
  const line = ts.line;
  if (ts.isSeq('WITH', 'CHANGE_TRACKING_CONTEXT')) return parseTrackingContext(ts, line);
  const ctes = parseCommonTables(ts);
  switch (ts.cur.key) {
    case 'INSERT':
      return { ...parseInsert(ts, ctes), line };
    case 'UPDATE':
      return { ...parseUpdate(ts, ctes), line };
    case 'DELETE':
      return { ...parseDelete(ts, ctes), line };
    case 'MERGE':
      return { ...parseMerge(ts, ctes), line };
    case 'SELECT':
    case '(':
      return { k: 'select', query: parseQuery(ts, ctes), line };
    default:
      throw ts.error();
  }
}

const TRACKED_STATEMENTS: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

function parseTrackingContext(ts: TokenStream, line: number): Statement {
  ts.need('WITH', 'CHANGE_TRACKING_CONTEXT', '(');
  const context = parseExpr(ts);
  ts.need(')');
  if (ts.is(',')) throw unsupported('WITH CHANGE_TRACKING_CONTEXT together with common table expressions', line);
  if (!TRACKED_STATEMENTS.has(ts.cur.key)) throw ts.error();
  return { k: 'trackingContext', context, body: parseStatement(ts), line };
}

function parseTruncate(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('TRUNCATE', 'TABLE');
  const table = parseObjectName(ts);
  if (ts.isSeq('WITH', '(')) throw unsupported('TRUNCATE TABLE … WITH (PARTITIONS)', line);
  return { k: 'truncate', table, line };
}

function parsePrint(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('PRINT');
  return { k: 'print', value: parseExpr(ts), line };
}

function parseUse(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('USE');
  return { k: 'use', database: ts.anyName(), line };
}

/** KILL of a session; of a unit of work, and WITH STATUSONLY, are refused. */
function parseKill(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('KILL');
  const spid = Number(ts.integer());
  if (ts.is('WITH')) throw unsupported('KILL WITH STATUSONLY', line);
  return { k: 'kill', spid, line };
}

function parseReconfigure(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('RECONFIGURE');
  ts.eatSeq('WITH', 'OVERRIDE');
  return { k: 'noop', what: 'RECONFIGURE', line };
}

function parseExecuteStatement(ts: TokenStream): Statement {
  const line = ts.line;
  if (ts.peek().key !== 'AS') return { ...parseExecute(ts), line };
  ts.next();
  ts.next();
  const kind = ts.next();
  if (kind.key === 'CALLER') return { k: 'executeAs', kind: 'caller', line };
  if (kind.key !== 'USER' && kind.key !== 'LOGIN') throw ts.error(kind);
  ts.need('=');
  const name = parseExpr(ts);
  if (ts.isSeq('WITH', 'NO', 'REVERT') || ts.isSeq('WITH', 'COOKIE')) throw unsupported('EXECUTE AS … WITH', line);
  return { k: 'executeAs', kind: kind.key === 'USER' ? 'user' : 'login', name, line };
}
