import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';

/** A read on its way: the stream must not pass where its view begins. */
export interface ReadInFlight {
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

  begin(since: Lsn): ReadInFlight {
    const read = { since };
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

  hasTable(table: string): boolean {
    return this.#byTable.has(table);
  }

  ofTable(table: string): readonly SnapshotChunk[] {
    return [...(this.#byTable.get(table) ?? [])];
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
