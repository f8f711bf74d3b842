/** What a permission may be about: numbers as in sys.database_permissions.class. */
export const SECURABLE_CLASS = {
  DATABASE: 0,
  OBJECT: 1,
  SCHEMA: 3,
  USER: 4,
  ROLE: 4,
  TYPE: 6,
  SERVER: 100,
  LOGIN: 101,
} as const;
export type SecurableClass = keyof typeof SECURABLE_CLASS;

/** Permissions on an object; on a database or a schema they are about the objects in it. */
export const OBJECT_PERMISSIONS: readonly string[] = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'EXECUTE',
  'REFERENCES',
  'ALTER',
  'CONTROL',
  'VIEW DEFINITION',
];

/** A granted or denied permission. `column` is a name in lower case, '' for the whole object. */
export interface PermissionEntry {
  readonly class: SecurableClass;
  /** Object, schema, type or principal id; 0 for database and server. */
  readonly securableId: number;
  readonly column: string;
  /** Upper case, as 'VIEW SERVER STATE'. */
  readonly permission: string;
  readonly grantee: string;
  readonly grantor: string;
  state: 'GRANT' | 'GRANT_WITH_GRANT_OPTION' | 'DENY';
}

/** Permissions that hold others: who has the first has the rest. */
const COVERING: Readonly<Record<string, readonly string[]>> = {
  CONTROL: ['*'],
  'CONTROL SERVER': ['*'],
  ALTER: ['VIEW DEFINITION'],
  'VIEW SERVER STATE': ['VIEW DATABASE STATE', 'VIEW SERVER PERFORMANCE STATE', 'VIEW DATABASE PERFORMANCE STATE'],
  'VIEW DATABASE STATE': ['VIEW DATABASE PERFORMANCE STATE'],
  'VIEW ANY DEFINITION': ['VIEW DEFINITION', 'VIEW ANY DATABASE'],
  'ALTER ANY SCHEMA': ['CREATE SCHEMA'],
  UPDATE: [],
};

/** True when holding `held` on a securable gives `wanted` on it. */
function covers(held: string, wanted: string): boolean {
  if (held === wanted) return true;
  const list = COVERING[held];
  return list !== undefined && (list[0] === '*' || list.includes(wanted));
}

/** Granted and denied permissions of one database, or of the server. */
export class PermissionList {
  #entries: PermissionEntry[] = [];

  get entries(): readonly PermissionEntry[] {
    return this.#entries;
  }

  /** Puts entries back as they were. */
  restore(entries: Iterable<PermissionEntry>): void {
    this.#entries = [...entries];
  }

  /** Sets or replaces the entry for the same grantee, permission and securable. */
  put(entry: PermissionEntry): void {
    this.remove(entry);
    this.#entries.push(entry);
  }

  remove(entry: Pick<PermissionEntry, 'class' | 'securableId' | 'column' | 'permission' | 'grantee'>): void {
    this.#entries = this.#entries.filter(
      (other) =>
        other.class !== entry.class ||
        other.securableId !== entry.securableId ||
        other.column !== entry.column ||
        other.permission !== entry.permission ||
        other.grantee.toLowerCase() !== entry.grantee.toLowerCase(),
    );
  }

  /** Forgets everything about a dropped securable. */
  removeSecurable(securableClass: SecurableClass, id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.class !== securableClass || entry.securableId !== id);
  }

  /** Forgets what was said of single columns: the same is now said of the object as a whole. */
  removeColumns({ securableId, permission, grantee }: PermissionEntry): void {
    const name = grantee.toLowerCase();
    this.#entries = this.#entries.filter(
      (entry) =>
        entry.column === '' ||
        entry.securableId !== securableId ||
        entry.permission !== permission ||
        entry.grantee.toLowerCase() !== name,
    );
  }

  removeGrantee(name: string): void {
    this.#entries = this.#entries.filter((entry) => entry.grantee.toLowerCase() !== name.toLowerCase());
  }

  /** Forgets everything about a dropped column; its name in lower case. */
  removeColumn(objectId: number, column: string): void {
    this.#entries = this.#entries.filter(
      (entry) => entry.class !== 'OBJECT' || entry.securableId !== objectId || entry.column !== column,
    );
  }

  /** What GRANT and DENY of single columns say, by column in lower case. A DENY of one grantee wins over a GRANT of another. */
  ofColumns(
    grantees: ReadonlySet<string>,
    permission: string,
    objectId: number,
  ): ReadonlyMap<string, 'GRANT' | 'DENY'> {
    const columns = new Map<string, 'GRANT' | 'DENY'>();
    for (const entry of this.#entries) {
      if (entry.column === '' || entry.securableId !== objectId || entry.class !== 'OBJECT') continue;
      if (entry.permission !== permission || !grantees.has(entry.grantee.toLowerCase())) continue;
      if (entry.state === 'DENY') columns.set(entry.column, 'DENY');
      else if (!columns.has(entry.column)) columns.set(entry.column, 'GRANT');
    }
    return columns;
  }

  /** 'DENY' when any of the grantees is denied the securable as a whole, else 'GRANT' when one is granted it, else null. */
  decide(
    grantees: ReadonlySet<string>,
    permission: string,
    securable: { readonly class: SecurableClass; readonly id: number },
  ): 'GRANT' | 'DENY' | null {
    let granted = false;
    for (const entry of this.#entries) {
      if (entry.class !== securable.class || entry.securableId !== securable.id) continue;
      if (entry.column !== '') continue;
      if (!grantees.has(entry.grantee.toLowerCase())) continue;
      if (entry.state === 'DENY') {
        if (covers(entry.permission, permission)) return 'DENY';
      } else if (covers(entry.permission, permission)) granted = true;
    }
    return granted ? 'GRANT' : null;
  }
}
