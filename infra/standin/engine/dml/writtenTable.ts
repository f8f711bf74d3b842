import { sqlError } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { CompileContext } from '../compile/context.ts';
import type { TargetRows } from './changeRows.ts';
import type { WriteTarget } from './target.ts';

/** The table behind the target source of an UPDATE or DELETE; notes the right to write it. */
export function writtenTable(
  rows: TargetRows,
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
