import type { StatementKind } from '../../sql/astStatements.ts';
import { DDL_STATEMENTS } from '../ddl/statements.ts';
import { CONTROL_STATEMENTS } from './controlStatements.ts';
import { ERROR_STATEMENTS } from './errorStatements.ts';
import { EXECUTE_STATEMENTS } from './executeStatements.ts';
import { QUERY_STATEMENTS } from './queryStatements.ts';
import type { Handler } from './runner.ts';
import { SESSION_STATEMENTS } from './sessionStatements.ts';

/** What runs each kind of statement. */
export const STATEMENTS: { readonly [K in StatementKind]: Handler<K> } = {
  ...CONTROL_STATEMENTS,
  ...ERROR_STATEMENTS,
  ...QUERY_STATEMENTS,
  ...SESSION_STATEMENTS,
  ...EXECUTE_STATEMENTS,
  ...DDL_STATEMENTS,
};
