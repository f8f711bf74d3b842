import type { CdcDatabase } from '../../cdc/cdcDatabase.ts';
import { DatabaseLog } from '../../cdc/databaseLog.ts';
import { Principals } from '../../security/principals.ts';
import { TableLocks } from '../../store/locks.ts';
import type { TransactionLog } from '../../store/log.ts';
import type { DatabaseTracking } from '../../tracking/databaseTracking.ts';
import type { DatabaseObject, UserType } from './modules.ts';
import type { Schema } from './schema.ts';
import type { TableObject } from './tableObject.ts';

/** Settings of ALTER DATABASE that change behaviour. */
export interface DatabaseOptions {
  /** ALLOW_SNAPSHOT_ISOLATION */
  snapshotIsolation: boolean;
  /** READ_COMMITTED_SNAPSHOT: readers see the last committed version; off = they wait for writers. */
  readCommittedSnapshot: boolean;
  readOnly: boolean;
  compatibilityLevel: number;
  recoveryModel: 'SIMPLE' | 'FULL' | 'BULK_LOGGED';
  /** Anything else that was set, shown in no catalog. */
  readonly other: Map<string, string>;
}

/** The highest ids given out in a database. */
export interface DatabaseCounters {
  readonly object: number;
  readonly schema: number;
  readonly type: number;
}

/** database_id of tempdb. */
export const TEMPDB_ID = 2;

const FIRST_OBJECT_ID = 245_575_913;

/** A database: schemas, objects, types, principals, log. */
export class Database {
  readonly id: number;
  name: string;
  readonly createdMs: number;
  /** Login that owns it: that login is dbo inside. */
  owner: string;
  readonly schemas = new Map<string, Schema>();
  readonly objects = new Map<string, DatabaseObject>();
  readonly objectsById = new Map<number, DatabaseObject>();
  readonly types = new Map<string, UserType>();
  readonly principals: Principals;
  readonly log: DatabaseLog;
  /** Held to its end by a transaction that has changed definitions. */
  readonly definitionLocks = new TableLocks();
  readonly options: DatabaseOptions = {
    snapshotIsolation: false,
    readCommittedSnapshot: false,
    readOnly: false,
    compatibilityLevel: 160,
    recoveryModel: 'FULL',
    other: new Map(),
  };
  cdc: CdcDatabase | null = null;
  /** Change tracking; null = off. */
  tracking: DatabaseTracking | null = null;
  /** tempdb: outside transactions' snapshots. */
  get isTemp(): boolean {
    return this.id === TEMPDB_ID;
  }
  #lastObjectId = FIRST_OBJECT_ID;
  #lastSchemaId = 4;
  #lastTypeId = 256;
  #rowversion = 2000n;

  constructor(id: number, name: string, owner: string, nowMs: number) {
    this.id = id;
    this.name = name;
    this.owner = owner;
    this.createdMs = nowMs;
    this.log = new DatabaseLog();
    this.principals = new Principals(owner);
    this.addSchema('dbo', 'dbo', 1);
    this.addSchema('guest', 'guest', 2);
    this.addSchema('INFORMATION_SCHEMA', 'INFORMATION_SCHEMA', 3);
    this.addSchema('sys', 'sys', 4);
  }

  get transactionLog(): TransactionLog {
    return this.log;
  }

  nextObjectId(): number {
    this.#lastObjectId += 16;
    return this.#lastObjectId;
  }

  /** The highest ids given out. */
  get counters(): DatabaseCounters {
    return { object: this.#lastObjectId, schema: this.#lastSchemaId, type: this.#lastTypeId };
  }

  /** Ids and rowversions go on from these. */
  restoreCounters(counters: DatabaseCounters, rowversion: bigint): void {
    this.#lastObjectId = counters.object;
    this.#lastSchemaId = counters.schema;
    this.#lastTypeId = counters.type;
    if (rowversion > this.#rowversion) this.#rowversion = rowversion;
  }

  /** The last rowversion given out, as a number. */
  get rowversion(): bigint {
    return this.#rowversion;
  }

  nextTypeId(): number {
    return ++this.#lastTypeId;
  }

  /** The next database-wide rowversion, 8 bytes big-endian. */
  nextRowversion(): Buffer {
    this.#rowversion++;
    return this.lastRowversion();
  }

  /** @@DBTS */
  lastRowversion(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64BE(this.#rowversion);
    return bytes;
  }

  addSchema(name: string, owner: string, id?: number): Schema {
    const schema = { id: id ?? ++this.#lastSchemaId, name, owner };
    this.schemas.set(name.toLowerCase(), schema);
    return schema;
  }

  /** An object by schema and name, any case. */
  find(schema: string, name: string): DatabaseObject | undefined {
    return this.objects.get(objectKey(schema, name));
  }

  findTable(schema: string, name: string): TableObject | undefined {
    const object = this.find(schema, name);
    return object?.kind === 'table' ? object : undefined;
  }

  add(object: DatabaseObject): void {
    this.objects.set(objectKey(object.schema.name, object.name), object);
    this.objectsById.set(object.id, object);
  }

  remove(object: DatabaseObject): void {
    this.objects.delete(objectKey(object.schema.name, object.name));
    this.objectsById.delete(object.id);
  }

  tables(): TableObject[] {
    return [...this.objects.values()].filter((object) => object.kind === 'table');
  }

  findType(schema: string, name: string): UserType | undefined {
    return this.types.get(objectKey(schema, name));
  }

  addType(type: UserType): void {
    this.types.set(objectKey(type.schema.name, type.name), type);
  }

  removeType(type: UserType): void {
    this.types.delete(objectKey(type.schema.name, type.name));
  }
}

function objectKey(schema: string, name: string): string {
  return `${schema.toLowerCase()}.${name.toLowerCase()}`;
}
