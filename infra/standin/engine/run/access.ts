import type { SecurityContext } from '../../security/securityContext.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { Execution } from './execution.ts';

/** Throws 229, or 230 for a column, when whoever runs `env` lacks a right; objects of the running module's owner need none (ownership chaining). */
export function checkAccesses(env: Execution, accesses: readonly Access[]): void {
  const { session, module } = env;
  for (const access of accesses) {
    const { object, database, permission } = access;
    if (database.isTemp) continue;
    const security =
      database === session.database ? session.security : session.server.contextFor(session.security.login, database);
    if (security.isOwner) continue;
    if (module?.owner && module.database === database && object.schema.owner === module.owner) continue;
    if (access.onlyColumns && access.columns?.size === 0) continue;
    const refused = refusedPart(security, access);
    if (refused === null) continue;
    if (refused === '') throw sqlError(229, permission, object.name, database.name, object.schema.name);
    throw sqlError(230, permission, columnName(access, refused), object.name, database.name, object.schema.name);
  }
}

/** Null when all is allowed, '' when nothing of the object is, else the first column that is refused. */
function refusedPart(security: SecurityContext, { permission, object, columns }: Access): string | null {
  if (security.user.toLowerCase() === object.schema.owner.toLowerCase()) return null;
  const securable = { class: 'OBJECT' as const, id: object.id, schemaId: object.schema.id };
  const whole = security.has(permission, securable);
  if (columns === null) return whole ? null : '';
  const single = security.columns(permission, object.id);
  if (single.size === 0) return whole ? null : '';
  const allowed = [...single.keys()].some((column) => security.has(permission, { ...securable, column }));
  if (!whole && !allowed) return '';
  return [...columns].find((column) => !security.has(permission, { ...securable, column })) ?? null;
}

/** The column as its table writes it. */
function columnName({ database, object }: Access, column: string): string {
  const found = database.objectsById.get(object.id);
  return found?.kind === 'table' ? (found.columns[found.columnAt(column)]?.name ?? column) : column;
}
