import type { Database } from '#connectors/sqlserver/connection.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Detected } from './detect.ts';
import { neededFrom, type Position } from './position.ts';
import { type AddedColumn, addedColumns, lookAtSchema, type SchemaFacts } from './schemaFacts.ts';
import { InstanceKeeper } from './schemaInstances.ts';
import { planSegments, withoutPassed } from './schemaPlan.ts';
import { SchemaReporter } from './schemaReporter.ts';
import type { SegmentBlock, TableSegment } from './schemaSegments.ts';
import type { SchemaChangeSettings } from './schemaSettings.ts';
import { blockOf, fresh, isSame, named, type SchemaMemory, type Watched, type WatchedTable } from './schemaWatched.ts';
import type { TableActions, TableVersions } from './sessionHooks.ts';
import type { CapturedTable, CaptureSink } from './types.ts';

/** How often the catalog is looked at when nothing tells of a change: a renamed table shows nowhere else. */
const LOOK_EVERY_MS = 60_000;

export interface SchemaWatcherOptions {
  readonly db: Database;
  /** The tables with the instance each is read through, rules applied. */
  readonly tables: readonly CapturedTable[];
  readonly settings: SchemaChangeSettings;
  /** What may leave the source, applied to every version. @throws SluiceError for a version that cannot be carried */
  readonly rules: (instance: CaptureInstance) => CaptureInstance;
  readonly sink: Pick<CaptureSink, 'adopt'>;
  readonly log: Logger;
  readonly clock: Clock;
  /** What an earlier session of this process knew; kept up to date. */
  readonly memory: SchemaMemory;
}

/**
 * Follows the definitions of the captured tables: which version of which capture instance holds which commits, what of it the sink can
 * take, and what a person has to know or do. See docs/schema-change.md.
 */
export class SchemaWatcher implements TableVersions {
  readonly #options: SchemaWatcherOptions;
  readonly #tables: ReadonlyMap<string, WatchedTable>;
  readonly #reporter: SchemaReporter;
  readonly #keeper: InstanceKeeper;
  #fingerprint: string | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #facts: SchemaFacts | null = null;

  constructor(options: SchemaWatcherOptions) {
    this.#options = options;
    this.#reporter = new SchemaReporter(options.settings, options.memory.told);
    this.#keeper = new InstanceKeeper(options);
    this.#tables = new Map(options.tables.map((table) => [table.id, fresh(table)]));
  }

  /** The first look: afterwards every table has segments that the sink was asked about. */
  async start(actions: TableActions, signal: AbortSignal): Promise<void> {
    await this.#look(actions, signal);
    for (const table of this.#tables.values())
      this.#keeper.rememberOlder(table.id, table.segments[0]!.instance, this.#facts!);
  }

  segments(tableId: string): readonly TableSegment[] {
    return this.#tables.get(tableId)?.segments ?? [];
  }

  newest(tableId: string): CapturedTable {
    const { segments, initial } = this.#tables.get(tableId)!;
    return (segments.findLast((s) => s.blocked === null) ?? segments.at(-1))?.table ?? initial;
  }

  async poll(detected: Detected, actions: TableActions, signal: AbortSignal): Promise<boolean> {
    for (const table of this.#tables.values()) this.#settle(table, actions);
    await this.#keeper.work(actions, signal);
    const due =
      detected.fingerprint !== this.#fingerprint ||
      this.#options.clock.now() - this.#lookedAtMs >= LOOK_EVERY_MS ||
      [...this.#tables.values()].some((t) => t.retry);
    if (!due) return false;
    const changed = await this.#look(actions, signal);
    this.#fingerprint = detected.fingerprint;
    return changed;
  }

  passed(tableId: string, position: Position): string {
    const table = this.#tables.get(tableId);
    if (!table) return '';
    this.#reach(table, withoutPassed(table.segments, position), position);
    this.#keeper.stored(table.id);
    return table.instance;
  }

  retry(tableId: string): void {
    const table = this.#tables.get(tableId);
    if (table) table.retry = true;
  }

  async #look(actions: TableActions, signal: AbortSignal): Promise<boolean> {
    const facts = await lookAtSchema(this.#options.db, signal);
    this.#lookedAtMs = this.#options.clock.now();
    const drafts = [...this.#tables.values()].map((table) => ({ table, draft: this.#draft(table, facts, actions) }));
    const blocks = await this.#adopt(
      drafts.flatMap(({ table, draft }) =>
        draft.filter((s) => s.blocked === null && !this.#isAdopted(table, s)).map((s) => s.table),
      ),
      signal,
    );
    let changed = false;
    for (const { table, draft } of drafts) {
      const segments = draft.map((s): Watched => {
        const block = blocks.get(s.table);
        return block ? { ...s, blocked: block } : s;
      });
      const same = segments.length === table.segments.length && segments.every((s, i) => s === table.segments[i]);
      table.retry = false;
      if (!same) {
        changed = true;
        this.#reach(table, segments, actions.placeOf(table.id));
        this.#reporter.blocked(table.id, segments, actions);
      }
      this.#release(table, facts, actions);
    }
    await this.#report(facts, actions, signal);
    this.#facts = facts;
    return changed;
  }

  /** The segments as they should be; objects that are still right are kept. */
  #draft(table: WatchedTable, facts: SchemaFacts, actions: TableActions): Watched[] {
    const source = (table.segments[0]?.instance ?? table.initial.instance).sourceObjectId;
    const candidates = facts.instances.filter((i) => i.sourceObjectId === source);
    const plan = planSegments({
      position: actions.placeOf(table.id),
      candidates,
      history: facts.history,
      planned: this.#facts ? table.segments : (this.#options.memory.segments.get(table.id) ?? []),
      instanceName: table.instance,
      take: this.#options.settings.take,
    });
    this.#reporter.planned(table.id, plan, actions);
    const kept = table.retry ? [] : table.segments;
    const draft = plan.segments.map((planned): Watched => {
      const instance = named(planned.instance, table.id);
      const same = kept.find((s) => isSame(s, instance, planned.from));
      if (same) return same.until === planned.until ? same : { ...same, until: planned.until };
      return { ...planned, instance, ...this.#version(table.initial, instance) };
    });
    if (draft.length === 0) return [...table.segments];
    return this.#options.settings.onNewColumn === 'hold' ? this.#hold(draft, facts) : draft;
  }

  #isAdopted(table: WatchedTable, segment: Watched): boolean {
    return !table.retry && table.segments.some((s) => s.table === segment.table);
  }

  /** Takes the segments over; a table whose place lies in another instance now has made the switch. */
  #reach(table: WatchedTable, segments: readonly Watched[], at: Position): void {
    const [before] = table.segments;
    const [now] = segments;
    if (before && now && before.instance.objectId !== now.instance.objectId)
      table.reached = { from: table.reached?.from ?? before, to: now, at };
    table.segments = segments;
    this.#options.memory.segments.set(table.id, segments);
  }

  #version(initial: CapturedTable, instance: CaptureInstance): Pick<Watched, 'table' | 'blocked'> {
    const { id, database } = initial;
    try {
      return { table: { id, database, instance: this.#options.rules(instance) }, blocked: null };
    } catch (error) {
      return { table: { id, database, instance }, blocked: blockOf(error) };
    }
  }

  /** Ends the last segment where a column was added that it does not hold. */
  #hold(draft: Watched[], facts: SchemaFacts): Watched[] {
    const last = draft.at(-1)!;
    const missing = this.#missing(last, facts).sort((a, b) => (a.since < b.since ? -1 : 1));
    const [first] = missing;
    if (!first || first.since <= last.from) return draft;
    const reason = `Table ${last.table.id}: waits for a capture instance that holds ${missing.map((c) => c.name).join(', ')}`;
    const waiting: Watched = {
      ...last,
      from: first.since,
      blocked: { code: 'CDC_COLUMN_NOT_CAPTURED', reason, held: true },
    };
    return [...draft.slice(0, -1), { ...last, until: first.since }, waiting];
  }

  /** Added columns that would be carried if an instance held them. */
  #missing(segment: Watched, facts: SchemaFacts): AddedColumn[] {
    return addedColumns(segment.instance, facts).filter(
      (c) => !c.computed && this.#isCarried(segment.instance, c.name),
    );
  }

  #isCarried(instance: CaptureInstance, name: string): boolean {
    const column = {
      name,
      sqlType: 'int',
      maxLength: 4,
      precision: 10,
      scale: 0,
      nullable: true,
      computed: false,
      ordinal: 999,
    };
    try {
      return this.#options
        .rules({ ...instance, columns: [...instance.columns, column] })
        .columns.some((c) => c.name === name);
    } catch {
      return true;
    }
  }

  async #adopt(
    tables: readonly CapturedTable[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<CapturedTable, SegmentBlock>> {
    if (tables.length === 0) return new Map();
    const refusals = await this.#options.sink.adopt([...new Set(tables)], signal);
    return new Map(refusals.map(({ table, error }) => [table, blockOf(error)]));
  }

  /** A table that waited for what is there now goes on: a new column's instance, or any instance at all (what it lacks is told as lost). */
  #release(table: WatchedTable, facts: SchemaFacts, actions: TableActions): void {
    const stopped = actions.stateOf(table.id)?.stopped;
    const isThere = (): boolean => facts.instances.some((i) => i.objectId === table.segments[0]?.instance.objectId);
    const isReady =
      (stopped?.code === 'CDC_COLUMN_NOT_CAPTURED' && !table.segments.some((s) => s.blocked?.held)) ||
      (stopped?.code === 'CDC_INSTANCE_DROPPED' && isThere());
    if (isReady) actions.resume(table.id, 'catch-up');
  }

  async #report(facts: SchemaFacts, actions: TableActions, signal: AbortSignal): Promise<void> {
    for (const table of this.#tables.values()) {
      const last = table.segments.at(-1);
      if (!last) continue;
      const instances = facts.instances.filter((i) => i.sourceObjectId === last.instance.sourceObjectId);
      this.#reporter.history(table.id, instances, facts, actions);
      const missing = this.#missing(last, facts);
      if (missing.length > 0) await this.#keeper.missing(table.id, last.instance, missing, facts, actions, signal);
    }
  }

  /** Tells of a switch that lies behind what is stored, and has the window repaired in which a new column was not captured. */
  #settle(table: WatchedTable, actions: TableActions): void {
    const { reached } = table;
    if (!reached) return;
    table.reached = null;
    const { from, to, at } = reached;
    table.instance = to.instance.name;
    // An instance that does not reach back to the place comes after a loss: the whole table is read anew.
    const isLost = to.instance.startLsn > neededFrom(at);
    this.#reporter.switched(table.id, from, to, at, { facts: this.#facts, isLost }, actions);
    if (this.#facts?.instances.some((i) => i.objectId === from.instance.objectId))
      this.#keeper.passed(table.id, from.instance);
  }
}
