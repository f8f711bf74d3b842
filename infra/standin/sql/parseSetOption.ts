import { isAssignOp } from './assignOps.ts';
import type { Expr } from './ast.ts';
import type { IsolationLevel, Statement } from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseExpr } from './parseExpr.ts';
import { parseObjectName } from './parseNames.ts';
import type { TokenStream } from './tokenStream.ts';
import { nvarchar } from './values.ts';

/** Session options that are ON or OFF. */
const SWITCHES: ReadonlySet<string> = new Set(
  `ANSI_DEFAULTS ANSI_NULL_DFLT_OFF ANSI_NULL_DFLT_ON ANSI_NULLS ANSI_PADDING ANSI_WARNINGS ARITHABORT ARITHIGNORE CONCAT_NULL_YIELDS_NULL
   CURSOR_CLOSE_ON_COMMIT FMTONLY FORCEPLAN IMPLICIT_TRANSACTIONS NOCOUNT NOEXEC NUMERIC_ROUNDABORT PARSEONLY QUOTED_IDENTIFIER
   REMOTE_PROC_TRANSACTIONS XACT_ABORT NO_BROWSETABLE`.split(/\s+/),
);

/** Switches that change what a batch does and are not built, when set to ON. */
const UNSUPPORTED_ON: ReadonlySet<string> = new Set(['FMTONLY', 'NOEXEC', 'PARSEONLY', 'FORCEPLAN']);
/** Session options with a value. */
const VALUES: ReadonlySet<string> = new Set(
  'LOCK_TIMEOUT ROWCOUNT TEXTSIZE DATEFIRST DATEFORMAT LANGUAGE DEADLOCK_PRIORITY CONTEXT_INFO QUERY_GOVERNOR_COST_LIMIT'.split(
    ' ',
  ),
);

/** SET …; the current token is SET. */
export function parseSetStatement(ts: TokenStream): Statement {
  const line = ts.line;
  ts.need('SET');
  if (ts.cur.kind === 'variable') return parseSetVariable(ts, line);
  if (ts.eatSeq('TRANSACTION', 'ISOLATION', 'LEVEL')) return { k: 'setIsolation', level: parseLevel(ts), line };
  if (ts.eat('IDENTITY_INSERT')) {
    const table = parseObjectName(ts);
    return { k: 'setIdentityInsert', table, on: onOff(ts), line };
  }
  if (ts.is('STATISTICS') || ts.isAny('SHOWPLAN_ALL', 'SHOWPLAN_TEXT', 'SHOWPLAN_XML'))
    return parsePlanSwitch(ts, line);
  const t = ts.cur;
  if (VALUES.has(t.key)) {
    ts.next();
    return { k: 'setValue', option: t.key, value: optionValue(ts), line };
  }
  if (!SWITCHES.has(t.key)) throw t.kind === 'word' ? sqlError(195, t.text, 'SET option').at(line) : ts.error();
  const options = ts.list(() => {
    const option = ts.next();
    if (!SWITCHES.has(option.key)) throw sqlError(195, option.text, 'SET option').at(option.line);
    return option.key;
  });
  const on = onOff(ts);
  const bad = options.find((option) => on && UNSUPPORTED_ON.has(option));
  if (bad) throw unsupported(`SET ${bad} ON`, line);
  return { k: 'setOption', options, on, line };
}

function parseSetVariable(ts: TokenStream, line: number): Statement {
  const name = ts.variable();
  if (ts.is('.')) throw unsupported('SET of a method of a variable', line);
  const op = ts.next();
  if (!isAssignOp(op.text)) throw ts.error(op);
  if (ts.is('CURSOR')) throw unsupported('A cursor', line);
  return { k: 'setVariable', name, op: op.text, value: parseExpr(ts), line };
}

function parsePlanSwitch(ts: TokenStream, line: number): Statement {
  const words = [ts.next().key];
  if (words[0] === 'STATISTICS') words.push(ts.next().key);
  if (onOff(ts)) throw unsupported(`SET ${words.join(' ')} ON`, line);
  return { k: 'noop', what: `SET ${words.join(' ')} OFF`, line };
}

function onOff(ts: TokenStream): boolean {
  if (ts.eat('ON')) return true;
  ts.need('OFF');
  return false;
}

function optionValue(ts: TokenStream): Expr {
  const t = ts.cur;
  if (t.kind === 'word') {
    ts.next();
    return { k: 'literal', type: nvarchar(Math.max(1, t.text.length)), value: t.text };
  }
  return parseExpr(ts);
}

function parseLevel(ts: TokenStream): IsolationLevel {
  if (ts.eatSeq('READ', 'UNCOMMITTED')) return 'readUncommitted';
  if (ts.eatSeq('READ', 'COMMITTED')) return 'readCommitted';
  if (ts.eatSeq('REPEATABLE', 'READ')) return 'repeatableRead';
  if (ts.eat('SERIALIZABLE')) return 'serializable';
  ts.need('SNAPSHOT');
  return 'snapshot';
}
