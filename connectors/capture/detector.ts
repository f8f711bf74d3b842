import type { Database } from '#connectors/sqlserver/connection.ts';
import { maxLsn } from '#connectors/sqlserver/lsn.ts';
import { LOW_WATER_MARKS } from '#connectors/sqlserver/queries.ts';
import { detectChanges, probeChangeTable } from '#connectors/sqlserver/tableQueries.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { type Detected, detect } from './detect.ts';
import type { PollFacts, TableVersions } from './sessionHooks.ts';
import type { SessionState } from './sessionState.ts';
import type { TableControl } from './tableControl.ts';
import { stopsTable } from './tableErrors.ts';

/** How often it is tried whether a table may be read again whose rights were revoked, ms. */
const PROBE_EVERY_MS = 10_000;

export interface DetectorOptions {
  readonly db: Database;
  readonly configured: readonly string[];
  readonly state: SessionState;
  readonly control: TableControl;
  readonly versions: TableVersions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Runs the one statement of a poll, and finds out which tables are to blame when it fails. */
export class Detector {
  readonly #options: DetectorOptions;
  #statement = '';
  #names = '';
  #probedAtMs: number;

  constructor(options: DetectorOptions) {
    this.#options = options;
    this.#probedAtMs = options.clock.now();
  }

  /** @throws what concerns the whole source; a table that cannot be looked at any more is stopped */
  async detect(): Promise<Detected> {
    for (;;) {
      try {
        return await detect(this.#options.db, this.#statementNow(), this.#options.signal);
      } catch (error) {
        if (!hasCode(error, 'SQL_OBJECT_MISSING') && !hasCode(error, 'SQL_PERMISSION_DENIED')) throw error;
        await this.#findCulprits(error);
      }
    }
  }

  facts(detected: Detected): PollFacts {
    const newest = [...detected.newest.values()].flatMap((lsn) => lsn ?? []);
    return {
      maxLsn: detected.maxLsn,
      newestLsn: newest.length > 0 ? maxLsn(...newest) : null,
      missing: this.#options.configured
        .map((id) => this.#firstInstance(id))
        .filter((name) => !detected.marks.has(name)),
    };
  }

  /** Instances that are gone, changes that were cleaned up unread, rights that came back. */
  async checkTables(detected: Detected): Promise<void> {
    const { configured, state, control } = this.#options;
    for (const id of configured) {
      const name = this.#firstInstance(id);
      const mark = detected.marks.get(name);
      if (mark !== undefined) await control.checkLoss(id, mark);
      else if (!state.table(id)!.stopped) this.#dropped(id, name);
    }
    await this.#probeHeld();
  }

  #dropped(id: string, name: string): void {
    const reason = `its capture instance ${name} is gone`;
    this.#options.control.stop(id, { code: 'CDC_INSTANCE_DROPPED', reason, held: false });
  }

  #firstInstance(id: string): string {
    return this.#options.versions.segments(id)[0]!.table.instance.name;
  }

  #instances(id: string): string[] {
    return this.#options.versions.segments(id).map(({ table }) => table.instance.name);
  }

  #statementNow(): string {
    const { configured, state } = this.#options;
    const read = configured.filter((id) => !state.table(id)!.stopped).flatMap((id) => this.#instances(id));
    const names = [...new Set(read)];
    const key = names.join('\n');
    if (this.#statement === '' || key !== this.#names) {
      this.#names = key;
      this.#statement = detectChanges(names.map((name) => ({ name })));
    }
    return this.#statement;
  }

  async #findCulprits(error: unknown): Promise<void> {
    const { db, configured, state, control, signal } = this.#options;
    // Fails too when CDC is off or the login may read nothing of it: then no table is to blame.
    await this.#marks(error);
    const read = configured.filter((id) => !state.table(id)!.stopped);
    const failed = new Map<string, unknown>();
    for (const id of read) {
      for (const name of this.#instances(id)) {
        const found = await db.rows(probeChangeTable({ name }), {}, signal).catch((e: unknown) => ({ error: e }));
        if (Array.isArray(found)) continue;
        if (!stopsTable(found.error)) throw found.error;
        failed.set(id, found.error);
        break;
      }
    }
    if (failed.size === 0) {
      const message = 'the change tables could not be looked at, but each of them can be read';
      throw new SluiceError('SQL_TRANSIENT', `${db.where}: ${message}`, { cause: error });
    }
    const denied = hasCode(error, 'SQL_PERMISSION_DENIED');
    if (denied && failed.size === read.length) throw error;
    for (const [id, cause] of failed) {
      if (hasCode(cause, 'SQL_OBJECT_MISSING')) this.#dropped(id, this.#firstInstance(id));
      else await control.failed(id, cause);
    }
  }

  async #marks(cause: unknown): Promise<void> {
    const { db, signal } = this.#options;
    try {
      await db.rows(LOW_WATER_MARKS, {}, signal);
    } catch (error) {
      if (!hasCode(error, 'SQL_OBJECT_MISSING')) throw error;
      throw new SluiceError('CDC_NOT_ENABLED', `${db.where}: change data capture was switched off`, { cause });
    }
  }

  /** A table that may be read again goes on from its place. */
  async #probeHeld(): Promise<void> {
    const { db, configured, state, control, clock, signal } = this.#options;
    if (clock.now() - this.#probedAtMs < PROBE_EVERY_MS) return;
    this.#probedAtMs = clock.now();
    for (const id of configured) {
      const stopped = state.table(id)!.stopped;
      if (!stopped?.held || stopped.code !== 'SQL_PERMISSION_DENIED') continue;
      const mayRead = await db.rows(probeChangeTable({ name: this.#firstInstance(id) }), {}, signal).then(
        () => true,
        (error: unknown) => {
          if (stopsTable(error)) return false;
          throw error;
        },
      );
      if (mayRead) control.resume(id, 'catch-up');
    }
  }
}
