import { alterTable } from './alterTable.ts';
import { DATABASE_STATEMENTS } from './databaseStatements.ts';
import { drop } from './drop.ts';
import { MODULE_STATEMENTS } from './moduleStatements.ts';
import { PERMISSION_STATEMENTS } from './permissionStatements.ts';
import { SECURITY_STATEMENTS } from './securityStatements.ts';
import { TABLE_STATEMENTS } from './tableStatements.ts';

/** Definitions. They take effect at once and are not undone by ROLLBACK. */
export const DDL_STATEMENTS = {
  ...TABLE_STATEMENTS,
  ...MODULE_STATEMENTS,
  ...SECURITY_STATEMENTS,
  ...PERMISSION_STATEMENTS,
  ...DATABASE_STATEMENTS,
  alterTable,
  drop,
};
