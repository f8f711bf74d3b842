import type { Database } from '../engine/model/database.ts';
import { TEMPDB_ID } from '../engine/model/database.ts';
import type { DatabaseObject } from '../engine/model/modules.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import { databaseImage, objectImage, serverImage, shortcutOf } from './imageOf.ts';
import { encodeRecord, type LogRecord, type RowImage } from './records.ts';

/** Rows in one record of stored rows. */
const ROWS_PER_RECORD = 500;

interface Written {
  bytes: Buffer;
  shortcut: readonly unknown[] | null;
  rewrites: number;
}

/** What has been written of one database. */
interface WrittenDatabase {
  bytes: Buffer;
  readonly objects: Map<number, Written>;
}

/** Finds out which definitions differ from those in the log. */
export class DefinitionDiff {
  #server: Buffer | null = null;
  readonly #databases = new Map<number, WrittenDatabase>();

  /** Emits the records that bring the log up to date; each is emitted in its encoded form. */
  collect(server: ServerState, emit: (record: Buffer) => void): void {
    const image = encodeRecord({ k: 'server', image: serverImage(server) });
    if (!this.#server?.equals(image)) emit(image);
    this.#server = image;
    const present = new Set<number>();
    for (const database of server.databases.values()) {
      if (database.id === TEMPDB_ID) continue;
      present.add(database.id);
      this.#collectDatabase(database, emit);
    }
    for (const id of this.#databases.keys()) {
      if (present.has(id)) continue;
      emit(encodeRecord({ k: 'dropDatabase', id }));
      this.#databases.delete(id);
    }
  }

  #collectDatabase(database: Database, emit: (record: Buffer) => void): void {
    const bytes = encodeRecord({ k: 'database', image: databaseImage(database) });
    let written = this.#databases.get(database.id);
    if (!written) {
      written = { bytes: Buffer.alloc(0), objects: new Map() };
      this.#databases.set(database.id, written);
    }
    if (!written.bytes.equals(bytes)) emit(bytes);
    written.bytes = bytes;
    for (const object of database.objectsById.values()) this.#collectObject(database, object, written, emit);
    for (const id of written.objects.keys()) {
      if (database.objectsById.has(id)) continue;
      emit(encodeRecord({ k: 'dropObject', database: database.id, id }));
      written.objects.delete(id);
    }
  }

  #collectObject(
    database: Database,
    object: DatabaseObject,
    database_: WrittenDatabase,
    emit: (record: Buffer) => void,
  ): void {
    const before = database_.objects.get(object.id);
    const shortcut = shortcutOf(object);
    if (before?.shortcut && shortcut && before.shortcut.every((part, at) => part === shortcut[at])) return;
    const bytes = encodeRecord({ k: 'object', database: database.id, image: objectImage(object) });
    const rewrites = object.kind === 'table' ? object.data.rewrites : 0;
    if (!before?.bytes.equals(bytes)) emit(bytes);
    // The rows of a table that is new to the log come with the commits that write them.
    if (object.kind === 'table' && (before?.rewrites ?? 0) !== rewrites)
      for (const record of rowRecords(database.id, object.id, object.data.committedRows())) emit(encodeRecord(record));
    // Modules are told apart by their shortcut: their text need not be kept twice.
    database_.objects.set(object.id, { bytes: shortcut ? NOTHING : bytes, shortcut, rewrites });
  }
}

const NOTHING: Buffer = Buffer.alloc(0);

/** Stored rows as records of bounded size. */
export function* rowRecords(
  database: number,
  table: number,
  rows: Iterable<readonly [id: number, data: RowImage[3]]>,
): Generator<LogRecord> {
  let batch: RowImage[] = [];
  for (const [id, data] of rows) {
    batch.push([database, table, id, data]);
    if (batch.length < ROWS_PER_RECORD) continue;
    yield { k: 'rows', rows: batch };
    batch = [];
  }
  if (batch.length > 0) yield { k: 'rows', rows: batch };
}
