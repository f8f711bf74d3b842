import { quoteName } from '#connectors/sqlserver/identifiers.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import type { Position } from './position.ts';
import { addedColumns, type SchemaFacts } from './schemaFacts.ts';
import type { Plan } from './schemaPlan.ts';
import type { TableSegment } from './schemaSegments.ts';
import type { SchemaChangeSettings } from './schemaSettings.ts';
import type { TableActions } from './sessionHooks.ts';

/** Columns that are repaired one by one; with more of them the whole table is read. */
const MAX_SINGLE_REPAIRS = 3;

type Side = TableSegment & { readonly instance: CaptureInstance };

/** What was told already. */
export interface ToldOnce {
  readonly once: Set<string>;
  /** The newest change of definition of each table. */
  readonly ddl: Map<string, Lsn | ''>;
}

/** Tells once of each thing that happens to a table's definition, and has gaps repaired. */
export class SchemaReporter {
  readonly #settings: SchemaChangeSettings;
  readonly #told: ToldOnce;

  constructor(settings: SchemaChangeSettings, told: ToldOnce) {
    this.#settings = settings;
    this.#told = told;
  }

  /** An instance that is not taken over; a table that goes by another name now. */
  planned(table: string, plan: Plan, actions: TableActions): void {
    const { ignored } = plan;
    if (ignored && this.#first(`ignored ${ignored.instance.objectId}`)) {
      const { name } = ignored.instance;
      actions.notify({ type: 'instance_not_taken', table, instance: name, lacks: ignored.lacks });
    }
    const present = plan.segments.at(-1)?.instance;
    const to = present && `${present.schema}.${present.table}`;
    if (to && to !== table && this.#first(`renamed ${table} ${to}`))
      actions.notify({ type: 'table_renamed', table, to });
  }

  /** Segments that cannot be written: the table will stop before them. */
  blocked(table: string, segments: readonly TableSegment[], actions: TableActions): void {
    for (const { blocked, from, table: version } of segments) {
      if (!blocked || !this.#first(`blocked ${version.instance.objectId} ${from} ${blocked.reason}`)) continue;
      const { code, reason, held } = blocked;
      actions.notify({ type: held ? 'schema_change_held' : 'schema_incompatible', table, code, reason, fromLsn: from });
    }
  }

  /** Changes of definition that were noted since the last look; the first look only remembers where they end. */
  history(table: string, instances: readonly CaptureInstance[], facts: SchemaFacts, actions: TableActions): void {
    const tell = this.#told.ddl.has(table);
    const ids = new Set(instances.map((i) => i.objectId));
    let newest = this.#told.ddl.get(table) ?? '';
    for (const { objectId, lsn, command } of facts.history) {
      if (!ids.has(objectId) || lsn <= newest) continue;
      newest = lsn;
      if (tell) actions.notify({ type: 'schema_change_seen', table, ddlLsn: lsn, command });
    }
    this.#told.ddl.set(table, newest);
  }

  /** A switch lies behind what is stored: columns only the new instance holds lack their values from before. */
  switched(
    table: string,
    from: Side,
    to: Side,
    at: Position,
    after: { readonly facts: SchemaFacts | null; readonly isLost: boolean },
    actions: TableActions,
  ): void {
    actions.notify({ type: 'instance_switched', table, from: from.instance.name, to: to.instance.name, at });
    const { facts, isLost } = after;
    if (isLost) return;
    const before = new Set(from.table.instance.columns.map((c) => c.name));
    const columns = to.table.instance.columns.filter((c) => !c.computed && !before.has(c.name)).map((c) => c.name);
    if (columns.length === 0) return;
    const added = facts ? addedColumns(from.instance, facts) : [];
    const known = columns.map((name) => added.find((a) => a.name === name));
    const sinceLsn = known.map((a) => a?.since ?? from.instance.startLsn).sort()[0]!;
    const repair = this.#settings.backfill;
    actions.notify({ type: 'column_gap', table, columns, sinceLsn, untilLsn: to.from, repaired: repair });
    if (!repair) return;
    // A row without a value in a column that is NULL by default was never in the gap; with a default every row has a value.
    const single = columns.length <= MAX_SINGLE_REPAIRS && known.every((a) => a !== undefined && !a.hasDefault);
    const id = `backfill-${to.instance.name}`;
    if (!single) actions.addSnapshot({ id, table }, 'schema');
    else
      for (const [i, name] of columns.entries())
        actions.addSnapshot(
          { id: i === 0 ? id : `${id}-${i + 1}`, table, where: `${quoteName(name)} IS NOT NULL` },
          'schema',
        );
  }

  #first(what: string): boolean {
    if (this.#told.once.has(what)) return false;
    this.#told.once.add(what);
    return true;
  }
}
