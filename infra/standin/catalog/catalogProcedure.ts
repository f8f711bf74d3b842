import type { Schema } from '../engine/model/schema.ts';
import { sqlError } from '../sql/errors.ts';
import { likeRegExp } from '../sql/like.ts';
import { type SqlType, type SqlValue, SYSNAME } from '../sql/values.ts';
import { type CatalogTable, catalogTables } from './catalogTables.ts';
import type { CatalogContext, ViewRow } from './view.ts';
import { sees } from './visibility.ts';

/** Arguments by lower-case name without '@', as values or as text; those left out are absent or NULL. */
export type ProcedureArguments = Readonly<Record<string, SqlValue | undefined>>;

/** A catalog procedure: one result set. */
export interface CatalogProcedure {
  /** Names without '@', in the order of positional arguments. */
  readonly parameters: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  rows(context: CatalogContext, args: ProcedureArguments): ViewRow[];
}

/** Defines a procedure; columns are the keys of `columns`, in their order. */
export function procedure(
  parameters: readonly string[],
  columns: Readonly<Record<string, SqlType>>,
  rows: CatalogProcedure['rows'],
): CatalogProcedure {
  return { parameters, columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}

/** A numeric argument, which may come as text. */
export function numberArgument(value: SqlValue | undefined, byDefault: number): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : byDefault;
}

/** A table or view the procedures list. */
export interface Listed {
  readonly name: string;
  readonly schema: Schema;
  readonly kind: 'TABLE' | 'VIEW' | 'SYSTEM TABLE';
  readonly table: CatalogTable | undefined;
}

function listed(context: CatalogContext): Listed[] {
  const tables = catalogTables(context.database)
    .filter((table) => sees(context, table))
    .map(
      (table): Listed => ({
        name: table.name,
        schema: table.schema,
        kind: table.shipped ? 'SYSTEM TABLE' : 'TABLE',
        table,
      }),
    );
  const views = [...context.database.objects.values()].flatMap((object): Listed[] =>
    object.kind === 'view' && sees(context, object)
      ? [{ name: object.name, schema: object.schema, kind: 'VIEW', table: undefined }]
      : [],
  );
  return [...tables, ...views];
}

/** A name pattern: LIKE unless @fUsePattern is 0; everything when it was left out. */
export function matcher(pattern: SqlValue | undefined, args: ProcedureArguments): (name: string) => boolean {
  if (typeof pattern !== 'string' || pattern === '%') return () => true;
  const plain = numberArgument(args['fusepattern'], 1) === 0;
  const wanted = pattern.toLowerCase();
  const regExp = plain ? undefined : likeRegExp(pattern, '\\');
  return (name) => name.toLowerCase() === wanted || (regExp?.test(name) ?? false);
}

/** 15250: these procedures list the current database only. */
function checkQualifier(context: CatalogContext, qualifier: SqlValue | undefined): void {
  if (
    typeof qualifier === 'string' &&
    qualifier !== '' &&
    qualifier.toLowerCase() !== context.database.name.toLowerCase()
  )
    throw sqlError(15250);
}

/** The tables and views that the usual arguments choose. */
export function matching(context: CatalogContext, args: ProcedureArguments): Listed[] {
  checkQualifier(context, args['table_qualifier']);
  const name = matcher(args['table_name'], args);
  const owner = matcher(args['table_owner'], args);
  return listed(context).filter((one) => name(one.name) && owner(one.schema.name));
}

/** The columns that every result begins with. */
export const TABLE = { TABLE_QUALIFIER: SYSNAME, TABLE_OWNER: SYSNAME, TABLE_NAME: SYSNAME };
