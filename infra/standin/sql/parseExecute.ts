import type { Expr } from './ast.ts';
import type { ExecuteArg, ExecuteStatement } from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import { RESERVED } from './keywords.ts';
import { parseExpr } from './parseExpr.ts';
import { parseObjectName } from './parseNames.ts';
import { parseConstant } from './parsePrimary.ts';
import type { TokenStream } from './tokenStream.ts';
import { nvarchar } from './values.ts';

/** EXEC …; the current token is EXEC or EXECUTE. EXECUTE AS is not handled here. */
export function parseExecute(ts: TokenStream): ExecuteStatement | { readonly k: 'executeString'; readonly sql: Expr } {
  ts.next();
  if (ts.eat('(')) {
    const sql = parseExpr(ts);
    if (ts.is(',')) throw unsupported('EXECUTE of a pass-through command', ts.line);
    ts.need(')');
    if (ts.is('AT')) throw unsupported('EXECUTE … AT a linked server', ts.line);
    if (ts.isSeq('AS', 'USER') || ts.isSeq('AS', 'LOGIN')) throw unsupported('EXECUTE (…) AS', ts.line);
    return { k: 'executeString', sql };
  }
  return parseProcedureCall(ts);
}

/** [@rc =] procedure arguments, without the word EXEC: as it may stand at the start of a batch. */
export function parseProcedureCall(ts: TokenStream): ExecuteStatement {
  let returnTo: string | undefined;
  if (ts.cur.kind === 'variable' && ts.peek().key === '=') {
    returnTo = ts.variable();
    ts.next();
  }
  const procedure: ExecuteStatement['procedure'] =
    ts.cur.kind === 'variable' ? { k: 'variable', variable: ts.variable() } : { k: 'name', name: parseObjectName(ts) };
  if (ts.is(';') && ts.peek().kind === 'number') throw unsupported('A procedure number', ts.line);
  const args = startsArg(ts) ? parseArgs(ts) : [];
  parseExecuteOptions(ts);
  return { k: 'execute', ...(returnTo === undefined ? {} : { returnTo }), procedure, args };
}

function startsArg(ts: TokenStream): boolean {
  const t = ts.cur;
  if (t.kind === 'word')
    return !RESERVED.has(t.key) || t.key === 'NULL' || t.key === 'DEFAULT' || t.key === 'ON' || t.key === 'OFF';
  return t.kind !== 'end' && (t.kind !== 'op' || t.key === '-' || t.key === '+');
}

function parseArgs(ts: TokenStream): ExecuteArg[] {
  let named = false;
  let count = 0;
  return ts.list(() => {
    count++;
    const line = ts.line;
    const arg = parseArg(ts);
    if (named && arg.name === undefined) throw sqlError(119, count).at(line);
    if (arg.name !== undefined) named = true;
    return arg;
  });
}

function parseArg(ts: TokenStream): ExecuteArg {
  const named = ts.cur.kind === 'variable' && ts.peek().key === '=';
  const name = named ? ts.variable() : undefined;
  if (named) ts.next();
  const line = ts.line;
  const value = parseArgValue(ts);
  const output = ts.eat('OUTPUT') || ts.eat('OUT');
  if (output && value.k !== 'variable') throw sqlError(179).at(line);
  return { ...(name === undefined ? {} : { name }), value, output };
}

/** A constant, variable, DEFAULT, NULL or a bare word that stands for its own text. */
function parseArgValue(ts: TokenStream): Expr {
  const t = ts.cur;
  if (t.kind === 'variable') {
    ts.next();
    return { k: t.text.startsWith('@@') ? 'systemVariable' : 'variable', name: t.text.toLowerCase(), line: t.line };
  }
  if (ts.eat('DEFAULT')) return { k: 'default' };
  const constant = parseConstant(ts);
  if (constant) return constant;
  if (t.kind !== 'word' && t.kind !== 'quoted') throw ts.error();
  ts.next();
  return { k: 'literal', type: nvarchar(Math.max(1, t.text.length)), value: t.text };
}

function parseExecuteOptions(ts: TokenStream): void {
  if (!ts.is('WITH')) return;
  if (ts.eatSeq('WITH', 'RECOMPILE')) return;
  if (ts.peek().key === 'RESULT') throw unsupported('EXECUTE … WITH RESULT SETS', ts.line);
}
