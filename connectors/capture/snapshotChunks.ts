import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { commitLsnOf } from './position.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';
import type { ChangeEvent } from './types.ts';

const NONE: readonly SnapshotChunk[] = [];

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A read on its way: the stream must not pass where its view begins. */
export interface ReadInFlight {
  readonly table: string;
  /** True when its rows will stand where its view was fixed; else they stand behind whatever is placed before. */
  readonly exact: boolean;
  since: Lsn;
}

/** The chunks that wait for the stream, in the order they were read, and the reads on their way. */
export class ChunkStore {
  readonly #chunks: SnapshotChunk[] = [];
  readonly #byTable = new Map<string, SnapshotChunk[]>();
  readonly #bytes = new Map<SnapshotChunk, number>();
  readonly #inFlight = new Set<ReadInFlight>();
  /** Size of what waits, about. */
  bytes = 0;

  get count(): number {
    return this.#chunks.length;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get all(): readonly SnapshotChunk[] {
    return this.#chunks;
  }

  /** No read on its way has its view below it; null when there is none. */
  get ceiling(): Lsn | null {
    let lowest: Lsn | null = null;
    for (const { since } of this.#inFlight) if (lowest === null || since < lowest) lowest = since;
    return lowest;
  }

  begin(read: ReadInFlight): ReadInFlight {
    this.#inFlight.add(read);
    return read;
  }

  end(read: ReadInFlight): void {
    this.#inFlight.delete(read);
  }

  add(chunk: SnapshotChunk, bytes: number): void {
    this.#chunks.push(chunk);
    const { id } = chunk.table;
    const list = this.#byTable.get(id);
    if (list) list.push(chunk);
    else this.#byTable.set(id, [chunk]);
    this.#bytes.set(chunk, bytes);
    this.bytes += bytes;
  }

  /**
   * The chunks that may be written, in the order of their places: a table's chunks never overtake one another, though several snapshots may
   * read it side by side.
   */
  released(isPassed: (chunk: SnapshotChunk) => boolean): readonly SnapshotChunk[] {
    const held = new Map<string, Lsn>();
    for (const { table, since, exact } of this.#inFlight) {
      if (!exact) continue;
      const lowest = held.get(table);
      if (lowest === undefined || since < lowest) held.set(table, since);
    }
    const placed = this.#chunks.filter((chunk) => chunk.isPlaced).sort((a, b) => order(a.place, b.place));
    return placed.filter((chunk) => {
      const { id } = chunk.table;
      const at = commitLsnOf(chunk.place);
      const barrier = held.get(id);
      if (isPassed(chunk) && (barrier === undefined || at <= barrier)) return true;
      if (barrier === undefined || at < barrier) held.set(id, at);
      return false;
    });
  }

  hasTable(table: string): boolean {
    return this.#byTable.has(table);
  }

  /** Tells the chunks of its table of a change; gives those that are void by it. */
  changed(event: ChangeEvent): readonly SnapshotChunk[] {
    const chunks = this.#byTable.get(event.table.id);
    if (!chunks) return NONE;
    let isVoid = false;
    for (const chunk of chunks) {
      chunk.changed(event);
      isVoid ||= chunk.void;
    }
    return isVoid ? chunks.filter((chunk) => chunk.void) : NONE;
  }

  ofJob(job: string): readonly SnapshotChunk[] {
    return this.#chunks.filter((chunk) => chunk.job === job);
  }

  /** False when it was not there any more. `isVoid`: its rows must not be used by whoever still holds it. */
  remove(chunk: SnapshotChunk, isVoid: boolean): boolean {
    if (isVoid) chunk.void = true;
    const at = this.#chunks.indexOf(chunk);
    if (at < 0) return false;
    this.#chunks.splice(at, 1);
    const left = this.#byTable.get(chunk.table.id)!.filter((c) => c !== chunk);
    if (left.length > 0) this.#byTable.set(chunk.table.id, left);
    else this.#byTable.delete(chunk.table.id);
    this.bytes -= this.#bytes.get(chunk) ?? 0;
    this.#bytes.delete(chunk);
    return true;
  }
}
