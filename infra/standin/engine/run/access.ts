import type { SecurityContext } from '../../security/securityContext.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Access } from '../compile/access.ts';
import type { Execution } from './execution.ts';

/** Throws 229 when whoever runs `env` lacks a right; objects of the running module's owner need none (ownership chaining). */
export function checkAccesses(env: Execution, accesses: readonly Access[]): void {
  const { session, module } = env;
  for (const access of accesses) {
    const { object, database, permission } = access;
    if (database.isTemp) continue;
    const security =
      database === session.database ? session.security : session.server.contextFor(session.security.login, database);
    if (security.isOwner) continue;
    if (module?.owner && module.database === database && object.schema.owner === module.owner) continue;
    if (isAllowed(security, access)) continue;
    throw sqlError(229, permission, object.name, database.name, object.schema.name);
  }
}

function isAllowed(security: SecurityContext, { permission, object, columns }: Access): boolean {
  const securable = { class: 'OBJECT' as const, id: object.id, schemaId: object.schema.id };
  if (security.user.toLowerCase() === object.schema.owner.toLowerCase()) return true;
  if (security.has(permission, securable)) return true;
  if (!columns || columns.size === 0) return false;
  return [...columns].every((column) => security.has(permission, { ...securable, column }));
}
