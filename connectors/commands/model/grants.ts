import { COMMANDS } from './commands.ts';

/** Procedures of the API's own housekeeping, beside those of the use cases: asking for an outcome, several orders at once, clearing away. */
export const SERVICE_PROCEDURES = {
  getCommand: 'storefront.GetCommand',
  acceptOrderBatch: 'storefront.AcceptOrderBatch',
  deleteExpiredCommands: 'storefront.DeleteExpiredCommands',
  deleteExpiredReservations: 'storefront.DeleteExpiredReservations',
} as const;

/** Needs table types, which came with SQL Server 2008. */
const SINCE_2008: readonly string[] = [SERVICE_PROCEDURES.acceptOrderBatch];
const BATCH_TYPES = ['storefront.OrderBatch', 'storefront.OrderBatchLines'];

/** Everything the API's login may execute, and nothing else: preflight compares it with what the login can do. */
export function grantedProcedures(server: '2008' | '2005'): readonly string[] {
  const all = [...COMMANDS.map((command) => command.procedure.name), ...Object.values(SERVICE_PROCEDURES)];
  return server === '2008' ? all : all.filter((name) => !SINCE_2008.includes(name));
}

/** The table types the API's login may use. */
export function grantedTypes(): readonly string[] {
  return [...new Set([...COMMANDS.flatMap((command) => command.procedure.tableTypes), ...BATCH_TYPES])];
}

/** The text of infra/sql/common/commandsGrants.sql, which is committed; a test compares them. */
export function grantsScript(): string {
  const grant = (name: string): string => `GRANT EXECUTE ON ${name} TO sluice_commands;\nGO\n`;
  const both = grantedProcedures('2005');
  const only2008 = grantedProcedures('2008').filter((name) => !both.includes(name));
  return [
    '-- Everything the command API may do in the database, one grant a procedure. Generated from the use cases: sluice commands generate.\n',
    '-- Minimum version: SQL Server 2008 (`sluice sql --server 2005` prints it for 2005). Run as db_owner, after commandsLogin.sql.\n\n',
    ...both.map(grant),
    '-- ON 2008\n',
    ...only2008.map(grant),
    ...grantedTypes().map((name) => grant(`TYPE::${name}`)),
    '-- ON BOTH\n',
  ].join('');
}
