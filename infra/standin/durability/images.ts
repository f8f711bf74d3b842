import type { CaptureDefinition } from '../cdc/captureInstance.ts';
import type { CdcJobs, DdlRecord } from '../cdc/cdcDatabase.ts';
import type { CheckConstraint, Column } from '../engine/model/columns.ts';
import type { DatabaseOptions } from '../engine/model/database.ts';
import type { Procedure, Sequence, Synonym, UserFunction, UserType, View } from '../engine/model/modules.ts';
import type { ForeignKey, IndexInfo, KeyConstraint, Trigger } from '../engine/model/tableObject.ts';
import type { Login } from '../security/logins.ts';
import type { PermissionEntry } from '../security/permissions.ts';
import type { Principal } from '../security/principals.ts';
import type { IndexOptions } from '../store/tableTypes.ts';
import type { TrackingOptions } from '../tracking/databaseTracking.ts';

/** Definitions as plain data: what they hold of other objects is named by id. */

export interface ServerImage {
  readonly logins: readonly Login[];
  readonly lastLoginId: number;
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>;
  readonly permissions: readonly PermissionEntry[];
  readonly lastDatabaseId: number;
  readonly maxTextReplSize: number;
}

export interface CaptureImage extends CaptureDefinition {
  readonly ready: boolean;
}

export interface CdcImage {
  readonly enabledMs: number;
  readonly metadataIds: ReadonlyMap<string, number>;
  readonly captures: readonly CaptureImage[];
  readonly ddl: readonly DdlRecord[];
  readonly jobs: CdcJobs;
  readonly captureRunning: boolean;
}

export interface DatabaseImage {
  readonly id: number;
  readonly name: string;
  readonly owner: string;
  readonly createdMs: number;
  readonly options: DatabaseOptions;
  readonly schemas: readonly { readonly id: number; readonly name: string; readonly owner: string }[];
  readonly counters: { readonly object: number; readonly schema: number; readonly type: number };
  readonly principals: readonly Principal[];
  readonly lastPrincipalId: number;
  readonly permissions: readonly PermissionEntry[];
  readonly types: readonly TypeImage[];
  readonly cdc: CdcImage | null;
  readonly tracking: TrackingOptions | null;
}

/** Something that lives in a schema. */
interface Placed {
  readonly schemaId: number;
}

export type TypeImage = Omit<UserType, 'schema' | 'table'> & Placed & { readonly table: TableImage | null };

export type TableImage = Placed & {
  readonly kind: 'table';
  readonly id: number;
  readonly name: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly columns: readonly Column[];
  readonly indexes: readonly IndexOptions[];
  readonly keys: readonly KeyConstraint[];
  readonly indexInfo: ReadonlyMap<string, IndexInfo>;
  readonly checks: readonly CheckConstraint[];
  readonly foreignKeys: readonly ForeignKeyImage[];
  readonly tracking: TableTrackingImage | null;
};

export interface TableTrackingImage {
  readonly tracksColumns: boolean;
  readonly beginVersion: number;
  readonly minValidVersion: number;
}

export type ForeignKeyImage = Omit<ForeignKey, 'table' | 'parent'> & { readonly parentId: number };
export type TriggerImage = Omit<Trigger, 'schema' | 'table'> & Placed & { readonly tableId: number };
type ModuleImage<M> = M extends unknown ? Omit<M, 'schema'> & Placed : never;

/** An object of a database. */
export type ObjectImage = TableImage | TriggerImage | ModuleImage<Procedure | UserFunction | View | Sequence | Synonym>;
