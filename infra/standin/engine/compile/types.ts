import type { TypeRef } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import type { SqlType } from '../../sql/values.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';

export interface ResolvedType {
  readonly type: SqlType;
  /** As the catalog names it. */
  readonly name: string;
  readonly nullable: boolean;
}

/** The system type a written type means; 2715 when there is none. */
export function resolveTypeRef(ref: TypeRef, database: Database): ResolvedType {
  if (ref.k === 'system') return { type: ref.type, name: ref.name, nullable: true };
  const found = database.findType(ref.name.schema ?? 'dbo', ref.name.name);
  if (!found?.base) throw sqlError(2715, 1, ref.name.name);
  return { type: found.base, name: found.name, nullable: found.nullable };
}

/** The pattern of a table type; undefined when the name is not one. */
export function tableTypeOf(ref: TypeRef, database: Database): TableObject | undefined {
  return ref.k === 'user' ? database.findType(ref.name.schema ?? 'dbo', ref.name.name)?.table : undefined;
}
