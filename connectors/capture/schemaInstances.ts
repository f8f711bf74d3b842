import {
  disableScript,
  enableScript,
  nextInstanceName,
  runInstanceScript,
} from '#connectors/sqlserver/captureInstances.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import { errorFields } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { AddedColumn, SchemaFacts } from './schemaFacts.ts';
import type { ToldOnce } from './schemaReporter.ts';
import type { SchemaChangeSettings } from './schemaSettings.ts';
import type { TableActions } from './sessionHooks.ts';

/** SQL Server's limit. Docs: "sys.sp_cdc_enable_table". */
const MAX_INSTANCES = 2;

export interface InstanceKeeperOptions {
  readonly db: Database;
  readonly settings: SchemaChangeSettings;
  readonly log: Logger;
  readonly memory: { readonly told: ToldOnce };
}

interface Retiring {
  readonly table: string;
  readonly instance: CaptureInstance;
  /** Writes since the switch was told: the second one proves that the state with the new instance's name is stored. */
  writes: number;
}

/** Says which instances should be made and may go, with the T-SQL; does it itself where the settings say so. */
export class InstanceKeeper {
  readonly #db: Database;
  readonly #settings: SchemaChangeSettings;
  readonly #log: Logger;
  #retiring: Retiring[] = [];
  readonly #told: Set<string>;

  constructor(options: InstanceKeeperOptions) {
    this.#db = options.db;
    this.#settings = options.settings;
    this.#log = options.log;
    this.#told = options.memory.told.once;
  }

  /** Instances older than the one that is read were left over by an earlier run. */
  rememberOlder(table: string, current: CaptureInstance, facts: SchemaFacts): void {
    const all = facts.instances.filter((i) => i.sourceObjectId === current.sourceObjectId);
    const at = all.findIndex((i) => i.objectId === current.objectId);
    for (const instance of all.slice(0, Math.max(0, at)))
      this.#retiring.push({ table, instance, writes: MAX_INSTANCES });
  }

  /** The table is read through a newer instance from now on. */
  passed(table: string, instance: CaptureInstance): void {
    this.#retiring.push({ table, instance, writes: 0 });
  }

  /** The state was stored. */
  stored(table: string): void {
    for (const entry of this.#retiring) if (entry.table === table) entry.writes++;
  }

  /** Tells of instances nobody here needs any more, and takes them away when asked to. */
  async work(actions: TableActions, signal: AbortSignal): Promise<void> {
    const ready = this.#retiring.filter((entry) => entry.writes >= 2);
    if (ready.length === 0) return;
    this.#retiring = this.#retiring.filter((entry) => entry.writes < 2);
    for (const { table, instance } of ready) {
      const script = disableScript(instance);
      actions.notify({ type: 'instance_may_be_dropped', table, instance: instance.name, script });
      if (!this.#settings.dropOldInstances) continue;
      signal.throwIfAborted();
      if (await this.#run(table, script)) actions.notify({ type: 'instance_dropped', table, instance: instance.name });
    }
  }

  /** Columns were added that the newest instance does not hold. */
  async missing(
    table: string,
    newest: CaptureInstance,
    columns: readonly AddedColumn[],
    facts: SchemaFacts,
    actions: TableActions,
    signal: AbortSignal,
  ): Promise<void> {
    const what = `missing ${newest.objectId} ${columns.map((c) => c.name).join(' ')}`;
    const isNew = !this.#told.has(what);
    if (!isNew && !this.#settings.createInstances) return;
    this.#told.add(what);
    const present = facts.instances.filter((i) => i.sourceObjectId === newest.sourceObjectId);
    const name = nextInstanceName(
      newest.name,
      facts.instances.map((i) => i.name),
    );
    const older = present.length < MAX_INSTANCES ? [] : present.filter((i) => i.objectId !== newest.objectId);
    const enable = await enableScript(this.#db, newest, name, captured(newest, columns, facts), signal);
    if (isNew) {
      const script = [...older.map(disableScript), enable].join(';\n');
      const sinceLsn = columns.map((c) => c.since).sort()[0]!;
      actions.notify({ type: 'column_not_captured', table, columns: columns.map((c) => c.name), sinceLsn, script });
    }
    // With two instances there is no room; the older one goes when the position has passed the switch.
    if (!this.#settings.createInstances || older.length > 0) return;
    if (await this.#run(table, enable)) actions.notify({ type: 'instance_created', table, instance: name });
  }

  async #run(table: string, script: string): Promise<boolean> {
    try {
      await runInstanceScript(this.#db, script);
      return true;
    } catch (error) {
      // The capture goes on with the instances there are; the next look tries again.
      this.#log.warn({ event: 'capture_instance_script_failed', table, ...errorFields(error) });
      return false;
    }
  }
}

/** The list of columns for the next instance: null for all, unless the present one's maker had left some out. */
function captured(newest: CaptureInstance, added: readonly AddedColumn[], facts: SchemaFacts): string[] | null {
  const wanted = new Set([...newest.columns, ...added].map((c) => c.name));
  const all = facts.columns.get(newest.sourceObjectId) ?? [];
  return all.every((c) => wanted.has(c.name)) ? null : all.filter((c) => wanted.has(c.name)).map((c) => c.name);
}
