import { catalogProcedures } from '../../catalog/catalogProcedures.ts';
import { securityIn } from '../../catalog/visibility.ts';
import { sqlError } from '../../sql/errors.ts';
import type { SqlValue } from '../../sql/values.ts';
import { type SystemProcedure, sendRows, systemProcedure } from './systemProcedure.ts';

const TEXT = { k: 'nvarchar', n: 4000 } as const;

/** sp_tables, sp_columns, sp_pkeys… */
export const CATALOG_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = Object.entries(
  catalogProcedures,
).map(([name, { parameters, columns, rows }]) =>
  systemProcedure(
    name,
    parameters.map((parameter) => ({ name: `@${parameter}`, type: TEXT, value: null })),
    async (context, args) => {
      const { session, database } = context;
      const security = securityIn(session, database, session.server);
      if (!security) throw sqlError(916, session.security.login, database.name);
      const values: Record<string, SqlValue> = {};
      for (const parameter of parameters) values[parameter] = args.get(`@${parameter}`);
      const catalog = { server: session.server, session, database, security, nowMs: session.server.nowMs() };
      const found = [...rows(catalog, values)];
      await sendRows(
        context,
        columns,
        found.map((row) => columns.map((column) => row[column.name] ?? null)),
      );
      return 0;
    },
  ),
);
