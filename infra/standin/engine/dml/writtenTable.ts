import { sqlError } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { CompileContext } from '../compile/context.ts';
import type { QueryScope } from '../query/scope.ts';
import type { WriteTarget } from './target.ts';

/** The table behind the target source of an UPDATE or DELETE; notes the right to write it. */
export function writtenTable(
  rows: { readonly scope: QueryScope; readonly slot: number },
  permission: Access['permission'],
  columns: ReadonlySet<string> | null,
  context: CompileContext,
): WriteTarget {
  const { access, exposed } = rows.scope.sources[rows.slot]!;
  if (access.k !== 'table') throw sqlError(4406, exposed);
  const { shape, resolve } = access;
  if (!shape.isVariable) context.accesses.push({ permission, database: shape.database, object: shape, columns });
  return { table: shape, resolve };
}

/** Makes the right to read the source that collects its columns in `read` a matter of those columns alone. */
export function askOnlyOfColumns(context: CompileContext, read: ReadonlySet<string> | undefined): void {
  const at = context.accesses.findLastIndex((access) => access.columns !== null && access.columns === read);
  if (at >= 0) context.accesses[at] = { ...context.accesses[at]!, onlyColumns: true };
}
