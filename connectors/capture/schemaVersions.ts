import type { DdlRecord } from '#connectors/sqlserver/ddlHistory.ts';
import { type ColumnChange, columnChanges } from '#connectors/sqlserver/ddlStatement.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { type CaptureInstance, type SourceColumn, sameType } from '#connectors/sqlserver/metadata.ts';

/** An instance with the columns it had for commits at or above `from` (until the next version's). */
export interface InstanceVersion {
  readonly from: Lsn;
  readonly instance: CaptureInstance;
}

export interface VersionsOptions {
  /** The instance as the catalog shows it now. */
  readonly live: CaptureInstance;
  /** What cdc.ddl_history holds for it, oldest first. */
  readonly history: readonly DdlRecord[];
  /** Commits up to and including this one are read already. */
  readonly after: Lsn;
  /** Its version there, when that is known; null after a start. */
  readonly known: CaptureInstance | null;
  /** Without that: the version of another instance of the table there, which tells of the columns both hold. */
  readonly beside?: CaptureInstance | null;
}

type Columns = ReadonlyMap<string, SourceColumn>;

interface Step {
  readonly lsn: Lsn;
  readonly changes: readonly ColumnChange[];
}

const nameKey = (name: string): string => name.toLowerCase();

/**
 * The versions of an instance from `after` on: the columns as they were there, then one more version for each change of definition that
 * the capture job has passed since. The catalog tells the present only; the way from then to now is in cdc.ddl_history. Columns whose form
 * at the time nobody knows have their present type and are `uncertain`: NULLs are taken, and the registry says what they were published as.
 */
export function versionsOf({ live, history, after, known, beside }: VersionsOptions): InstanceVersion[] {
  const steps = stepsAfter(live, history, after);
  const ddlLsn = history.at(-1)?.lsn ?? null;
  const stored = storedColumns(live);
  const version = (columns: Columns): CaptureInstance => ({
    ...live,
    columns: [...columns.values()].sort((a, b) => a.ordinal - b.ordinal).map((c) => withStorage(c, stored)),
    ddlLsn,
  });
  let columns = known ? byName(known.columns) : baseColumns(live, history, steps, beside ?? null);
  const versions: InstanceVersion[] = [{ from: '' as Lsn, instance: version(columns) }];
  for (const [i, step] of steps.entries()) {
    columns = applied(columns, step, steps.slice(i + 1), live);
    const next = version(columns);
    if (!sameColumns(versions.at(-1)!.instance, next)) versions.push({ from: step.lsn, instance: next });
  }
  return versions;
}

/** True when rows of both are read and written alike. */
export function sameColumns(a: CaptureInstance, b: CaptureInstance): boolean {
  return a.columns.length === b.columns.length && a.columns.every((column, i) => sameColumn(column, b.columns[i]!));
}

function sameColumn(a: SourceColumn, b: SourceColumn): boolean {
  const stored =
    a.storedAs === undefined || b.storedAs === undefined ? a.storedAs === b.storedAs : sameType(a.storedAs, b.storedAs);
  return (
    stored &&
    a.name === b.name &&
    sameType(a, b) &&
    a.nullable === b.nullable &&
    a.uncertain === b.uncertain &&
    a.computed === b.computed &&
    a.ordinal === b.ordinal
  );
}

/** Changes of captured columns, place by place. */
function stepsAfter(live: CaptureInstance, history: readonly DdlRecord[], after: Lsn): Step[] {
  const captured = new Set([...live.columns, ...(live.droppedColumns ?? [])].map((c) => nameKey(c.name)));
  const steps: Step[] = [];
  for (const { lsn, command } of history) {
    if (lsn <= after) continue;
    const changes = columnChanges(command, live.table).filter(
      (c) => c.kind !== 'add' && captured.has(nameKey(c.column)),
    );
    if (changes.length > 0) steps.push({ lsn, changes });
  }
  return steps;
}

/** Every column of the change table by name, with the type it has there. */
function storedColumns(live: CaptureInstance): Columns {
  return byName([...live.columns, ...(live.droppedColumns ?? [])]);
}

function byName(columns: readonly SourceColumn[]): Columns {
  return new Map(columns.map((c) => [nameKey(c.name), c]));
}

function baseColumns(
  live: CaptureInstance,
  history: readonly DdlRecord[],
  steps: readonly Step[],
  beside: CaptureInstance | null,
): Columns {
  const told = byName(beside?.columns ?? []);
  const touched = new Set(steps.flatMap((s) => s.changes).map((c) => nameKey(c.column)));
  const columns = new Map<string, SourceColumn>();
  for (const column of live.columns) {
    const name = nameKey(column.name);
    const then = told.get(name);
    if (then) columns.set(name, { ...then, ordinal: column.ordinal });
    // The source's catalog is ahead of what is captured: a column that is NOT NULL now may not have been so then.
    else columns.set(name, column.nullable && !touched.has(name) ? column : { ...column, uncertain: true });
  }
  for (const column of live.droppedColumns ?? []) {
    const name = nameKey(column.name);
    // Dropped further on, or dropped where the capture job has not come yet: until there it has values.
    if (!touched.has(name) && isDropped(live, history, name)) continue;
    const then = told.get(name);
    columns.set(name, then ? { ...then, ordinal: column.ordinal } : { ...column, nullable: true, uncertain: true });
  }
  return columns;
}

function isDropped(live: CaptureInstance, history: readonly DdlRecord[], name: string): boolean {
  return history.some(({ command }) =>
    columnChanges(command, live.table).some((c) => c.kind === 'drop' && nameKey(c.column) === name),
  );
}

function applied(columns: Columns, step: Step, later: readonly Step[], live: CaptureInstance): Columns {
  const next = new Map(columns);
  for (const change of step.changes) {
    const name = nameKey(change.column);
    const before = next.get(name);
    if (!before) continue;
    if (change.kind === 'drop') next.delete(name);
    else if (change.kind === 'alter') next.set(name, altered(before, change, later, live));
  }
  return next;
}

/** The column after ALTER COLUMN: as the change table has it when nothing later touches it, else as the statement says. */
function altered(
  before: SourceColumn,
  change: Extract<ColumnChange, { kind: 'alter' }>,
  later: readonly Step[],
  live: CaptureInstance,
): SourceColumn {
  const name = nameKey(before.name);
  const isLast = !later.some((s) => s.changes.some((c) => nameKey(c.column) === name));
  const now = isLast ? live.columns.find((c) => nameKey(c.name) === name) : undefined;
  const { uncertain: _, storedAs: __, ...rest } = now ?? before;
  return { ...rest, ...(now ? {} : (change.type ?? {})), nullable: change.nullable ?? rest.nullable };
}

/** Notes the change table's type where it is not the version's own. */
function withStorage(column: SourceColumn, stored: Columns): SourceColumn {
  const now = stored.get(nameKey(column.name));
  const { storedAs: _, ...rest } = column;
  if (!now || sameType(rest, now)) return rest;
  const { sqlType, maxLength, precision, scale } = now;
  return { ...rest, storedAs: { sqlType, maxLength, precision, scale } };
}
