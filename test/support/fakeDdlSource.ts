import type { DdlRecord } from '#connectors/sqlserver/ddlHistory.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance, ColumnType, SourceColumn } from '#connectors/sqlserver/metadata.ts';

/** A column of the fake table at some time. */
export interface FakeColumn {
  readonly name: string;
  readonly sqlType: 'int' | 'bigint';
  readonly nullable: boolean;
}

/** A committed change as the source knows it. */
export interface FakeChange {
  readonly commit: Lsn;
  readonly columns: readonly FakeColumn[];
}

interface FakeInstance {
  readonly objectId: number;
  readonly name: string;
  readonly startLsn: number;
  readonly columns: { readonly name: string; type: ColumnType }[];
  readonly commits: Lsn[];
  readonly history: DdlRecord[];
}

type LogEntry =
  | { readonly kind: 'change'; readonly at: number }
  | { readonly kind: 'ddl'; readonly at: number; readonly command: string; readonly retyped: FakeColumn | null };

export const toLsn = (n: number): Lsn => lsn(n.toString(16).padStart(20, '0'));

function typeOf(sqlType: FakeColumn['sqlType']): ColumnType {
  return sqlType === 'int'
    ? { sqlType, maxLength: 4, precision: 10, scale: 0 }
    : { sqlType, maxLength: 8, precision: 19, scale: 0 };
}

/**
 * One captured table whose definition changes: its catalog, its instances and a capture job that reads the log only when told. As in the
 * server, cdc.ddl_history and the types of a change table follow when the job passes the change, the source's own catalog at once.
 */
export class FakeDdlSource {
  columns: readonly FakeColumn[];
  readonly changes: FakeChange[] = [];
  readonly #all: FakeInstance[] = [];
  #instances: FakeInstance[] = [];
  readonly #pending: LogEntry[] = [];
  #next = 100;
  #nextId = 1000;
  /** Everything at or below it is in the change tables. */
  captured = toLsn(0);

  constructor(columns: readonly FakeColumn[]) {
    this.columns = columns;
    this.createInstance();
  }

  get pending(): number {
    return this.#pending.length;
  }

  get instanceCount(): number {
    return this.#instances.length;
  }

  /** Every instance there ever was, oldest first. */
  get everyInstance(): readonly { readonly name: string; readonly startLsn: Lsn; readonly names: readonly string[] }[] {
    return this.#all.map((i) => ({ name: i.name, startLsn: toLsn(i.startLsn), names: i.columns.map((c) => c.name) }));
  }

  change(): void {
    const at = this.#next++;
    this.#pending.push({ kind: 'change', at });
    this.changes.push({ commit: toLsn(at), columns: this.columns });
  }

  add(name: string): void {
    this.columns = [...this.columns, { name, sqlType: 'int', nullable: true }];
    this.#ddl(`ALTER TABLE dbo.T ADD ${name} int NULL`, null);
  }

  drop(name: string): void {
    this.columns = this.columns.filter((c) => c.name !== name);
    this.#ddl(`ALTER TABLE dbo.T DROP COLUMN ${name}`, null);
  }

  alter(name: string, to: Pick<FakeColumn, 'sqlType' | 'nullable'>): void {
    this.columns = this.columns.map((c) => (c.name === name ? { name, ...to } : c));
    const retyped = this.columns.find((c) => c.name === name)!;
    this.#ddl(`ALTER TABLE dbo.T ALTER COLUMN ${name} ${to.sqlType} ${to.nullable ? 'NULL' : 'NOT NULL'}`, retyped);
  }

  createInstance(): void {
    const objectId = this.#nextId++;
    const instance: FakeInstance = {
      objectId,
      name: `dbo_T_${objectId}`,
      // The next commit has this very LSN: both instances hold it.
      startLsn: this.#next,
      columns: this.columns.map((c) => ({ name: c.name, type: typeOf(c.sqlType) })),
      commits: [],
      history: [],
    };
    this.#instances.push(instance);
    this.#all.push(instance);
  }

  /** Disables the instances before this one. */
  dropOlder(objectId: number): void {
    this.#instances = this.#instances.filter((i) => i.objectId >= objectId);
  }

  /** Lets the capture job read so many entries of the log. */
  capture(count: number): void {
    for (const entry of this.#pending.splice(0, count)) {
      this.captured = toLsn(entry.at);
      for (const instance of this.#instances) {
        if (entry.at < instance.startLsn) continue;
        if (entry.kind === 'change') instance.commits.push(toLsn(entry.at));
        else this.#note(instance, entry);
      }
    }
  }

  /** Commits the instance's change table holds in (after, to]. */
  read(objectId: number, after: Lsn, to: Lsn): Lsn[] {
    const instance = this.#instances.find((i) => i.objectId === objectId);
    if (!instance) throw new Error(`instance ${objectId} is gone`);
    return instance.commits.filter((c) => c > after && c <= to);
  }

  /** What the catalog shows now, as loadCaptureInstances gives it. */
  catalog(): CaptureInstance[] {
    return this.#instances.map((instance) => ({
      name: instance.name,
      schema: 'dbo',
      table: 'T',
      startLsn: toLsn(instance.startLsn),
      hasCommandId: true,
      objectId: instance.objectId,
      sourceObjectId: 1,
      columns: instance.columns.flatMap((c, i) => {
        const now = this.columns.find((other) => other.name === c.name);
        return now ? [this.#column(c, i, now)] : [];
      }),
      droppedColumns: instance.columns.flatMap((c, i) =>
        this.columns.some((other) => other.name === c.name) ? [] : [this.#column(c, i, null)],
      ),
      keyColumns: ['ID'],
    }));
  }

  /** What cdc.ddl_history holds for the instances there are. */
  history(): DdlRecord[] {
    return this.#instances.flatMap((i) => i.history).sort((a, b) => (a.lsn < b.lsn ? -1 : 1));
  }

  #column(captured: FakeInstance['columns'][number], at: number, now: FakeColumn | null): SourceColumn {
    const { name, type } = captured;
    return { name, ...type, nullable: now?.nullable ?? true, computed: false, ordinal: at + 1 };
  }

  #ddl(command: string, retyped: FakeColumn | null): void {
    this.#pending.push({ kind: 'ddl', at: this.#next++, command, retyped });
  }

  #note(instance: FakeInstance, entry: Extract<LogEntry, { kind: 'ddl' }>): void {
    const { command, retyped } = entry;
    const column = retyped && instance.columns.find((c) => c.name === retyped.name);
    if (column) column.type = typeOf(retyped.sqlType);
    instance.history.push({
      objectId: instance.objectId,
      lsn: toLsn(entry.at),
      command,
      columnUpdate: Boolean(column),
    });
  }
}
