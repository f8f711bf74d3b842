import type { CompileContext } from '../engine/compile/context.ts';
import type { Database } from '../engine/model/database.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import { rowsAccess, shapeColumns } from '../engine/query/source.ts';
import { precededBy } from '../engine/run/failures.ts';
import type { SessionState } from '../engine/run/sessionState.ts';
import type { ObjectName } from '../sql/ast.ts';
import { sqlError } from '../sql/errors.ts';
import type { SqlValue } from '../sql/values.ts';
import { cdcViews } from './cdcViews.ts';
import { columnViews } from './columnViews.ts';
import { compatibilityViews } from './compatibilityViews.ts';
import { constraintViews } from './constraintViews.ts';
import { databaseViews } from './databaseViews.ts';
import { indexViews } from './indexViews.ts';
import { informationSchema } from './informationSchema.ts';
import { jobViews } from './jobViews.ts';
import { objectViews } from './objectViews.ts';
import { principalViews } from './principalViews.ts';
import { requestViews, sessionViews } from './sessionViews.ts';
import type { SystemView, ViewGroup } from './view.ts';
import { securityIn } from './visibility.ts';

const SCHEMAS: Readonly<Record<string, ViewGroup>> = {
  sys: {
    ...objectViews,
    ...columnViews,
    ...indexViews,
    ...constraintViews,
    ...databaseViews,
    ...principalViews,
    ...sessionViews,
    ...requestViews,
    ...cdcViews,
    ...compatibilityViews,
  },
  // The tables of SQL Server 2000 are found without a schema, too.
  '': compatibilityViews,
  dbo: compatibilityViews,
  information_schema: informationSchema,
};

/**
 * A view of schema sys or INFORMATION_SCHEMA as a FROM source; undefined for any other name. Its rows are made when the query opens it, as
 * seen by the session that runs it.
 */
export function systemViewSource(
  name: ObjectName,
  exposed: string,
  context: CompileContext,
): UnboundSource | undefined {
  const schema = name.schema?.toLowerCase() ?? '';
  const wanted = name.name.toLowerCase();
  const group = schema === 'dbo' && Object.hasOwn(jobViews, wanted) ? jobViews : SCHEMAS[schema];
  if (group === undefined) return undefined;
  const view = Object.hasOwn(group, wanted) ? group[wanted]! : undefined;
  if (view === undefined) return undefined;
  const database = context.databaseOf(name);
  if (group === jobViews && database.name !== 'msdb') return undefined;
  return {
    exposed,
    schema: exposed === wanted && schema !== '' ? schema : null,
    columns: shapeColumns(view.columns),
    access: rowsAccess((f) => rowsOf(view, wanted, database, f.env.session)),
  };
}

function rowsOf(view: SystemView, name: string, database: Database, session: SessionState): SqlValue[][] {
  const security = securityIn(session, database, session.server);
  if (!security) throw sqlError(916, session.security.login, database.name);
  if (view.needs === 'VIEW SERVER STATE' && !security.hasServer(view.needs))
    throw precededBy(sqlError(297), [sqlError(300, view.needs, 'server', 'master')]);
  if (
    view.needs === 'VIEW DATABASE STATE' &&
    !security.hasDatabase(view.needs) &&
    !security.hasServer('VIEW SERVER STATE')
  )
    throw sqlError(262, view.needs, database.name);
  if (view.needs === 'SELECT' && !security.hasDatabase(view.needs))
    throw sqlError(229, 'SELECT', name, database.name, 'dbo');
  const names = view.columns.map((column) => column.name);
  const context = { server: session.server, session, database, security, nowMs: session.server.nowMs() };
  const rows: SqlValue[][] = [];
  for (const row of view.rows(context)) rows.push(names.map((column) => row[column] ?? null));
  return rows;
}
