import type { Database } from '../engine/model/database.ts';
import type { Execution } from '../engine/run/execution.ts';
import type { SecurityContext } from '../security/securityContext.ts';
import { sqlError } from '../sql/errors.ts';
import type { CaptureInstance } from './captureInstance.ts';

/** Who a session is in a database. Throws when its login has no user there. */
export function securityOf({ session }: Pick<Execution, 'session'>, database: Database): SecurityContext {
  return database === session.database ? session.security : session.server.contextFor(session.security.login, database);
}

/** Throws 229 unless whoever runs `env` may read the object of schema cdc. `objectId` is 0 for those the catalog does not list. */
export function checkCdcRead(env: Execution, database: Database, objectId: number, name: string): void {
  const security = securityOf(env, database);
  if (security.isOwner) return;
  const schema = database.schemas.get('cdc');
  if (schema && security.has('SELECT', { class: 'OBJECT', id: objectId, schemaId: schema.id })) return;
  throw sqlError(229, 'SELECT', name, database.name, 'cdc');
}

/** Whether the caller may read the changes of an instance through its functions. */
export function passesGate(env: Execution, database: Database, instance: CaptureInstance): boolean {
  return mayRead(securityOf(env, database), database, instance);
}

/** Membership of the gating role, if there is one, and SELECT on every captured column of the source table. */
export function mayRead(security: SecurityContext, database: Database, instance: CaptureInstance): boolean {
  if (security.isOwner) return true;
  if (instance.roleName !== null && !security.isMember(instance.roleName)) return false;
  const source = database.objectsById.get(instance.sourceId);
  if (!source) return false;
  const securable = { class: 'OBJECT', id: source.id, schemaId: source.schema.id } as const;
  return instance.columns.every(({ name }) => security.has('SELECT', { ...securable, column: name.toLowerCase() }));
}
