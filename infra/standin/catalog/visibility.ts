import type { Database } from '../engine/model/database.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { SessionState } from '../engine/run/sessionState.ts';
import { OBJECT_PERMISSIONS } from '../security/permissions.ts';
import type { SecurityContext } from '../security/securityContext.ts';
import { SqlError } from '../sql/errors.ts';
import type { CatalogContext } from './view.ts';

/** Who a session is in a database; undefined when its login has no user there. */
export function securityIn(
  session: SessionState,
  database: Database,
  server: ServerState,
): SecurityContext | undefined {
  if (session.database === database) return session.security;
  try {
    return server.contextFor(session.security.login, database);
  } catch (error) {
    if (error instanceof SqlError) return undefined;
    throw error;
  }
}

/**
 * Metadata visibility: who is not the owner sees the objects on which some permission was granted to him, on the object, its schema or the
 * whole database.
 */
export function sees(
  context: Pick<CatalogContext, 'security' | 'database'>,
  object: { readonly id: number; readonly schema: { readonly id: number } },
): boolean {
  const { security, database } = context;
  if (security.isOwner || security.hasDatabase('VIEW DEFINITION')) return true;
  if (['db_datareader', 'db_datawriter', 'db_ddladmin'].some((role) => security.roles.has(role))) return true;
  return database.principals.permissions.entries.some((entry) => {
    if (entry.state === 'DENY' || !security.roles.has(entry.grantee.toLowerCase())) return false;
    if (entry.class === 'OBJECT') return entry.securableId === object.id;
    if (!OBJECT_PERMISSIONS.includes(entry.permission)) return false;
    return entry.class === 'DATABASE' || (entry.class === 'SCHEMA' && entry.securableId === object.schema.id);
  });
}
