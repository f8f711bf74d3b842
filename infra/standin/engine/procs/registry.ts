import type { ObjectName } from '../../sql/ast.ts';
import { undoably } from '../ddl/undoable.ts';
import { CATALOG_PROCEDURES } from './catalogProcs.ts';
import { CDC_JOB_PROCEDURES } from './cdcJobProcs.ts';
import { CDC_PROCEDURES } from './cdcProcs.ts';
import { MEMBER_PROCEDURES } from './memberProcs.ts';
import { OLD_PROCEDURES } from './oldProcs.ts';
import { SESSION_PROCEDURES } from './sessionProcs.ts';
import { STANDIN_PROCEDURES } from './standinProcs.ts';
import type { SystemProcedure } from './systemProcedure.ts';

const PROCEDURES: ReadonlyMap<string, SystemProcedure> = new Map([
  ...SESSION_PROCEDURES,
  ...CDC_PROCEDURES,
  ...CDC_JOB_PROCEDURES,
  ...CATALOG_PROCEDURES,
  ...MEMBER_PROCEDURES,
  ...OLD_PROCEDURES,
  ...STANDIN_PROCEDURES,
]);

/** Procedures that change definitions: ROLLBACK takes back what they did. */
const DEFINING: ReadonlySet<string> = new Set([
  'sp_addrolemember',
  'sp_droprolemember',
  'sp_rename',
  'sp_cdc_enable_db',
  'sp_cdc_disable_db',
  'sp_cdc_enable_table',
  'sp_cdc_disable_table',
]);

function takenBack(procedure: SystemProcedure): SystemProcedure {
  return {
    call: async (context, args) =>
      undoably(context.runner, context.caller, context.database, null, () => procedure.call(context, args)),
  };
}

/** The system procedure of that name; procedures of the system are found under schema sys, dbo or none. */
export function findSystemProcedure(name: ObjectName): SystemProcedure | undefined {
  const schema = name.schema?.toLowerCase();
  if (schema !== undefined && schema !== 'sys' && schema !== 'dbo') return undefined;
  const key = name.name.toLowerCase();
  const procedure = PROCEDURES.get(key);
  return procedure && DEFINING.has(key) ? takenBack(procedure) : procedure;
}
