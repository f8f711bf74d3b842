import { type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Position } from './position.ts';
import type { PlannedSegment } from './schemaPlan.ts';
import type { ToldOnce } from './schemaReporter.ts';
import type { SegmentBlock, TableSegment } from './schemaSegments.ts';
import { sameColumns } from './schemaVersions.ts';
import { reasonOf } from './tableErrors.ts';
import type { CapturedTable } from './types.ts';

/** What outlives a session: the catalog shows the present only, and nobody wants to be told twice. */
export interface SchemaMemory {
  /** The versions of each table that were known last. */
  readonly segments: Map<string, readonly PlannedSegment[]>;
  readonly told: ToldOnce;
}

export function newSchemaMemory(): SchemaMemory {
  return { segments: new Map(), told: { once: new Set(), ddl: new Map() } };
}

/** A segment with what it was made from: the instance before the rules. */
export interface Watched extends TableSegment {
  readonly instance: CaptureInstance;
}

export interface WatchedTable {
  readonly id: string;
  readonly initial: CapturedTable;
  segments: readonly Watched[];
  /** The instance that is named in the stored state. */
  instance: string;
  /** A newer version of the table was reached; told at the next poll. */
  reached: { readonly from: Watched; readonly to: Watched; readonly at: Position } | null;
  /** Asks the sink again for what it refused. */
  retry: boolean;
}

/** A table nobody has looked at yet. */
export function fresh(table: CapturedTable): WatchedTable {
  const segment: Watched = { table, instance: table.instance, from: ZERO_LSN, until: null, blocked: null };
  return {
    id: table.id,
    initial: table,
    segments: [segment],
    instance: table.instance.name,
    reached: null,
    retry: true,
  };
}

/** True when the segment is read just like the instance from that place on. */
export function isSame(segment: Watched, instance: CaptureInstance, from: Lsn): boolean {
  const before = segment.instance;
  return (
    segment.from === from &&
    before.objectId === instance.objectId &&
    before.ddlLsn === instance.ddlLsn &&
    before.renamedTo?.table === instance.renamedTo?.table &&
    before.renamedTo?.schema === instance.renamedTo?.schema &&
    sameColumns(before, instance)
  );
}

/** The instance under the names its records go out with, those of the table's id, whatever the table is called now. */
export function named(instance: CaptureInstance, id: string): CaptureInstance {
  const { schema, table } = instance;
  if (`${schema}.${table}` === id) return instance;
  const length = id.startsWith(`${schema}.`) ? schema.length : id.indexOf('.');
  return { ...instance, schema: id.slice(0, length), table: id.slice(length + 1), renamedTo: { schema, table } };
}

/** Why a version that was refused cannot be written. */
export function blockOf(error: unknown): SegmentBlock {
  const code = error instanceof SluiceError ? error.code : 'SCHEMA_INCOMPATIBLE';
  return { code, reason: reasonOf(error), held: false };
}
