import { unsupported } from '../../sql/errors.ts';
import { CURRENT_COMMAND } from '../../tds/engineSession.ts';
import { compileDelete } from '../dml/delete.ts';
import { compileInsert } from '../dml/insert.ts';
import { compileMerge } from '../dml/merge.ts';
import { compileTruncate } from '../dml/truncate.ts';
import { compileUpdate } from '../dml/update.ts';
import { runChange } from './changeStatements.ts';
import { chain } from './flow.ts';
import { insertExec } from './insertExec.ts';
import type { Handler } from './runner.ts';
import { select } from './selectStatement.ts';

const insert: Handler<'insert'> = (runner, statement, env) => {
  if (statement.source.k === 'exec') return insertExec(runner, statement, env);
  const plan = runner.plan(env, statement, (context) => compileInsert(statement, context));
  return runChange(runner, statement, env, CURRENT_COMMAND.insert, plan);
};

const update: Handler<'update'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileUpdate(statement, context));
  return runChange(runner, statement, env, CURRENT_COMMAND.update, plan);
};

const deleteRows: Handler<'delete'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileDelete(statement, context));
  return runChange(runner, statement, env, CURRENT_COMMAND.delete, plan);
};

const merge: Handler<'merge'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileMerge(statement, context));
  return runChange(runner, statement, env, CURRENT_COMMAND.merge, plan);
};

const truncate: Handler<'truncate'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileTruncate(statement, context));
  return chain(
    runner.atomic(env, true, () => plan.run(env)),
    () => null,
  );
};

const insertBulk: Handler<'insertBulk'> = () => {
  throw unsupported('INSERT BULK as part of a batch');
};

export const QUERY_STATEMENTS = { select, insert, update, delete: deleteRows, merge, truncate, insertBulk };
