import { PermissionList } from './permissions.ts';

/** A user or role of a database. */
export interface Principal {
  readonly id: number;
  name: string;
  readonly kind: 'user' | 'role';
  /** Login a user belongs to; undefined for users without login and for roles. */
  login?: string | undefined;
  defaultSchema: string;
  readonly fixed: boolean;
  owner: string;
  readonly createdMs: number;
  /** Names in lower case of the members of a role. */
  readonly members: Set<string>;
}

const FIXED_ROLES: readonly (readonly [string, number])[] = [
  ['public', 0],
  ['db_owner', 16384],
  ['db_accessadmin', 16385],
  ['db_securityadmin', 16386],
  ['db_ddladmin', 16387],
  ['db_backupoperator', 16389],
  ['db_datareader', 16390],
  ['db_datawriter', 16391],
  ['db_denydatareader', 16392],
  ['db_denydatawriter', 16393],
];

/** The users, roles and permissions of one database. */
export class Principals {
  readonly permissions = new PermissionList();
  readonly #byName = new Map<string, Principal>();
  #lastId = 4;

  constructor(ownerLogin: string) {
    for (const [name, id] of FIXED_ROLES) this.#put({ id, name, kind: 'role', fixed: true });
    this.#put({ id: 1, name: 'dbo', kind: 'user', fixed: true, login: ownerLogin });
    this.#put({ id: 2, name: 'guest', kind: 'user', fixed: true });
    this.#put({ id: 3, name: 'INFORMATION_SCHEMA', kind: 'user', fixed: true });
    this.#put({ id: 4, name: 'sys', kind: 'user', fixed: true });
  }

  get all(): Iterable<Principal> {
    return this.#byName.values();
  }

  /** The highest id given out. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Puts users and roles back as they were, in place of those that are there. */
  restore(principals: Iterable<Principal>, lastId: number): void {
    this.#byName.clear();
    for (const principal of principals) this.#byName.set(principal.name.toLowerCase(), principal);
    this.#lastId = lastId;
  }

  find(name: string): Principal | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** The user a login maps to, apart from the rules for owners and sysadmins. */
  forLogin(login: string): Principal | undefined {
    for (const principal of this.#byName.values())
      if (principal.kind === 'user' && principal.login?.toLowerCase() === login.toLowerCase()) return principal;
    return undefined;
  }

  addUser(name: string, login: string | undefined, defaultSchema: string, nowMs: number): Principal {
    return this.#put({ id: ++this.#lastId, name, kind: 'user', fixed: false, login, defaultSchema, createdMs: nowMs });
  }

  addRole(name: string, owner: string, nowMs: number): Principal {
    return this.#put({ id: ++this.#lastId, name, kind: 'role', fixed: false, owner, createdMs: nowMs });
  }

  remove(principal: Principal): void {
    this.#byName.delete(principal.name.toLowerCase());
    for (const other of this.#byName.values()) other.members.delete(principal.name.toLowerCase());
    this.permissions.removeGrantee(principal.name);
  }

  rename(principal: Principal, name: string): void {
    const old = principal.name.toLowerCase();
    this.#byName.delete(old);
    principal.name = name;
    this.#byName.set(name.toLowerCase(), principal);
    for (const other of this.#byName.values()) if (other.members.delete(old)) other.members.add(name.toLowerCase());
  }

  /** Names in lower case of the principal and of every role it is in, directly or not; public always. */
  rolesOf(name: string): Set<string> {
    const found = new Set([name.toLowerCase(), 'public']);
    for (let grown = true; grown; ) {
      grown = false;
      for (const role of this.#byName.values()) {
        const key = role.name.toLowerCase();
        if (role.kind !== 'role' || found.has(key)) continue;
        for (const member of role.members) {
          if (!found.has(member)) continue;
          found.add(key);
          grown = true;
          break;
        }
      }
    }
    return found;
  }

  #put(
    from: Pick<Principal, 'id' | 'name' | 'kind' | 'fixed'> &
      Partial<Omit<Principal, 'id' | 'name' | 'kind' | 'fixed'>>,
  ): Principal {
    const principal: Principal = {
      defaultSchema: 'dbo',
      owner: 'dbo',
      createdMs: 0,
      members: new Set(),
      login: undefined,
      ...from,
    };
    this.#byName.set(principal.name.toLowerCase(), principal);
    return principal;
  }
}
