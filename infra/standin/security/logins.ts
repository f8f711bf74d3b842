import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PermissionList } from './permissions.ts';

/** A server login. */
export interface Login {
  readonly id: number;
  readonly name: string;
  defaultDatabase: string;
  enabled: boolean;
  readonly createdMs: number;
  salt: Buffer;
  hash: Buffer;
}

function digest(password: string, salt: Buffer): Buffer {
  return createHash('sha512').update(Buffer.from(password, 'utf16le')).update(salt).digest();
}

/** The logins, server roles and server permissions. */
export class Logins {
  readonly permissions = new PermissionList();
  readonly #byName = new Map<string, Login>();
  /** Server role in lower case -> member names in lower case. */
  readonly roles = new Map<string, Set<string>>();
  #lastId = 258;

  constructor(saPassword: string, nowMs: number) {
    for (const role of [
      'public',
      'sysadmin',
      'securityadmin',
      'serveradmin',
      'setupadmin',
      'processadmin',
      'dbcreator',
      'bulkadmin',
    ])
      this.roles.set(role, new Set());
    this.#put(1, 'sa', saPassword, 'master', nowMs);
    this.roles.get('sysadmin')!.add('sa');
  }

  get all(): Iterable<Login> {
    return this.#byName.values();
  }

  /** The highest id given out. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Puts logins back as they were, in place of those that are there. */
  restore(logins: Iterable<Login>, lastId: number): void {
    this.#byName.clear();
    for (const login of logins) this.#byName.set(login.name.toLowerCase(), login);
    this.#lastId = lastId;
  }

  find(name: string): Login | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  add(name: string, password: string, defaultDatabase: string, nowMs: number): Login {
    return this.#put(++this.#lastId, name, password, defaultDatabase, nowMs);
  }

  remove(login: Login): void {
    this.#byName.delete(login.name.toLowerCase());
    for (const members of this.roles.values()) members.delete(login.name.toLowerCase());
    this.permissions.removeGrantee(login.name);
  }

  setPassword(login: Login, password: string): void {
    login.salt = randomBytes(8);
    login.hash = digest(password, login.salt);
  }

  /** True when the password is the login's; always takes about the same time. */
  verify(login: Login, password: string): boolean {
    return timingSafeEqual(digest(password, login.salt), login.hash);
  }

  isInRole(login: string, role: string): boolean {
    if (role === 'public') return true;
    return this.roles.get(role.toLowerCase())?.has(login.toLowerCase()) ?? false;
  }

  /** Names in lower case under which server permissions may be granted to the login. */
  grantees(login: string): Set<string> {
    const names = new Set([login.toLowerCase(), 'public']);
    for (const [role, members] of this.roles) if (members.has(login.toLowerCase())) names.add(role);
    return names;
  }

  /** Whether the login holds a server permission such as VIEW SERVER STATE. */
  has(login: string, permission: string): boolean {
    if (this.isInRole(login, 'sysadmin')) return true;
    return this.permissions.decide(this.grantees(login), permission, { class: 'SERVER', id: 0 }) === 'GRANT';
  }

  #put(id: number, name: string, password: string, defaultDatabase: string, nowMs: number): Login {
    const salt = randomBytes(8);
    const login = { id, name, defaultDatabase, enabled: true, createdMs: nowMs, salt, hash: digest(password, salt) };
    this.#byName.set(name.toLowerCase(), login);
    return login;
  }
}
