import type { Logins } from './logins.ts';
import type { SecurableClass } from './permissions.ts';
import type { Principals } from './principals.ts';

/** What the checks need of a database. */
export interface SecuredDatabase {
  readonly principals: Principals;
  readonly owner: string;
}

/** A securable with what holds it: the object's schema, for permissions granted there. */
export interface Securable {
  readonly class: SecurableClass;
  readonly id: number;
  readonly schemaId?: number | undefined;
  /** A column in lower case. */
  readonly column?: string | undefined;
}

const READ_PERMISSIONS = new Set(['SELECT']);
const WRITE_PERMISSIONS = new Set(['INSERT', 'UPDATE', 'DELETE']);

/** Who a statement runs as, inside one database. Made anew when the database or the impersonation changes. */
export class SecurityContext {
  readonly login: string;
  readonly user: string;
  readonly database: SecuredDatabase;
  readonly isSysadmin: boolean;
  /** False when impersonating a database user, who carries no server rights. */
  readonly serverScope: boolean;
  readonly isOwner: boolean;
  readonly roles: ReadonlySet<string>;
  readonly #logins: Logins;

  /** `serverScope` false: impersonating a database user, who carries no server rights. */
  constructor(logins: Logins, login: string, user: string, database: SecuredDatabase, serverScope = true) {
    this.#logins = logins;
    this.login = login;
    this.user = user;
    this.database = database;
    this.serverScope = serverScope;
    this.isSysadmin = serverScope && logins.isInRole(login, 'sysadmin');
    this.roles = database.principals.rolesOf(user);
    this.isOwner = this.isSysadmin || user.toLowerCase() === 'dbo' || this.roles.has('db_owner');
  }

  hasServer(permission: string): boolean {
    return this.isSysadmin || this.#logins.has(this.login, permission);
  }

  hasDatabase(permission: string): boolean {
    if (this.isOwner) return true;
    const list = this.database.principals.permissions;
    const decision = list.decide(this.roles, permission, { class: 'DATABASE', id: 0 });
    if (decision !== null) return decision === 'GRANT';
    if (permission === 'CONNECT') return true;
    return (
      this.#logins.has(this.login, permission) ||
      (this.#logins.has(this.login, `VIEW ANY DEFINITION`) && permission === 'VIEW DEFINITION')
    );
  }

  /** Object, schema, type: a DENY anywhere on the way up wins; of a column: what is said of the column itself goes before its object. */
  has(permission: string, securable: Securable): boolean {
    if (this.isOwner) return true;
    if (securable.column) {
      const ofColumn = this.columns(permission, securable.id).get(securable.column);
      if (ofColumn !== undefined) return ofColumn === 'GRANT' && !this.#deniedAbove(permission, securable);
    }
    const own = this.database.principals.permissions.decide(this.roles, permission, securable);
    if (own === 'DENY' || this.#deniedAbove(permission, securable)) return false;
    return (
      own === 'GRANT' ||
      this.#decisionsAbove(permission, securable).includes('GRANT') ||
      this.#grantedByRole(permission)
    );
  }

  /** Permissions of single columns of an object, by column in lower case. */
  columns(permission: string, objectId: number): ReadonlyMap<string, 'GRANT' | 'DENY'> {
    return this.database.principals.permissions.ofColumns(this.roles, permission, objectId);
  }

  #deniedAbove(permission: string, securable: Securable): boolean {
    return this.#decisionsAbove(permission, securable).includes('DENY') || this.#deniedByRole(permission);
  }

  #decisionsAbove(permission: string, { schemaId }: Securable): readonly ('GRANT' | 'DENY' | null)[] {
    const list = this.database.principals.permissions;
    return [
      schemaId === undefined ? null : list.decide(this.roles, permission, { class: 'SCHEMA', id: schemaId }),
      list.decide(this.roles, permission, { class: 'DATABASE', id: 0 }),
    ];
  }

  isMember(role: string): boolean {
    return this.roles.has(role.toLowerCase()) || (this.isOwner && role.toLowerCase() === 'db_owner');
  }

  #grantedByRole(permission: string): boolean {
    if (READ_PERMISSIONS.has(permission)) return this.roles.has('db_datareader');
    if (WRITE_PERMISSIONS.has(permission)) return this.roles.has('db_datawriter');
    if (permission === 'ALTER') return this.roles.has('db_ddladmin');
    return false;
  }

  #deniedByRole(permission: string): boolean {
    if (READ_PERMISSIONS.has(permission)) return this.roles.has('db_denydatareader');
    if (WRITE_PERMISSIONS.has(permission)) return this.roles.has('db_denydatawriter');
    return false;
  }
}
