import type { RowData } from '../store/row.ts';
import type { TrackedChange, TrackedCommit } from '../tracking/trackedTable.ts';
import type { CaptureImage, DatabaseImage, ObjectImage, ServerImage } from './images.ts';
import {
  type ChangeImage,
  type CommitImage,
  type CounterImage,
  decodeRecord,
  type LogRecord,
  type RowImage,
  type TimeImage,
} from './records.ts';

/** What the log says of one database. */
export interface ReplayedDatabase {
  image: DatabaseImage | null;
  readonly objects: Map<number, ObjectImage>;
  /** Rows by table and row id, in the order of their first appearance. */
  readonly rows: Map<number, Map<number, RowData>>;
  readonly identities: Map<number, bigint | null>;
  readonly sequences: Map<number, bigint | null>;
  /** Newest place in the database's log. */
  lsn: number;
  rowversion: bigint;
  /** Commits the capture job has not read. */
  waiting: CommitImage[];
  /** Captured changes by the change table's object id. */
  readonly captured: Map<number, (readonly [commitLsn: number, change: ChangeImage])[]>;
  times: TimeImage[];
  /** Versions of change tracking with their times, and the changes of tables by object id. */
  readonly versions: Map<number, number>;
  readonly tracked: Map<number, TrackedChange[]>;
}

/** The state that a sequence of log records leads to, as plain data. Any prefix of a log leads to a state that once was. */
export class Replay {
  server: ServerImage | null = null;
  readonly databases = new Map<number, ReplayedDatabase>();
  lastTransactionId = 0;
  initialised = false;
  records = 0;

  apply(record: LogRecord): void {
    this.records++;
    switch (record.k) {
      case 'server':
        this.server = record.image;
        return;
      case 'database':
        setImage(this.#database(record.image.id), record.image);
        return;
      case 'dropDatabase':
        this.databases.delete(record.id);
        return;
      case 'object':
        this.#database(record.database).objects.set(record.image.id, record.image);
        return;
      case 'dropObject':
        dropObject(this.#database(record.database), record.id);
        return;
      case 'rows':
        for (const row of record.rows) this.#row(row);
        return;
      case 'commit':
        this.#commit(record);
        return;
      case 'counters':
        this.#counters(record.counters);
        this.#reached(record.counters.database, record.lsn);
        this.lastTransactionId = Math.max(this.lastTransactionId, record.transactionId);
        return;
      case 'sequence':
        this.#database(record.database).sequences.set(record.id, record.last);
        return;
      case 'scan':
        this.#reached(record.database, record.markLsn);
        scan(this.#database(record.database), record);
        return;
      case 'clean':
        clean(this.#database(record.database), new Map(record.marks));
        return;
      case 'captured':
        append(this.#database(record.database).captured, record.capture, record.changes);
        return;
      case 'times':
        for (const time of record.times) this.#database(record.database).times.push(time);
        return;
      case 'waiting':
        this.#database(record.database).waiting.push(...record.commits);
        return;
      case 'tracked':
        for (const commit of record.commits) this.#tracked(commit);
        return;
      case 'group':
        for (const bytes of record.records) this.apply(decodeRecord(bytes));
        return;
      case 'initialised':
        this.initialised = true;
    }
  }

  #database(id: number): ReplayedDatabase {
    let database = this.databases.get(id);
    if (!database) {
      database = {
        image: null,
        objects: new Map(),
        rows: new Map(),
        identities: new Map(),
        sequences: new Map(),
        lsn: 0,
        rowversion: 0n,
        waiting: [],
        captured: new Map(),
        times: [],
        versions: new Map(),
        tracked: new Map(),
      };
      this.databases.set(id, database);
    }
    return database;
  }

  #row([database, table, id, data]: RowImage): void {
    const { rows } = this.#database(database);
    let byId = rows.get(table);
    if (!byId) {
      byId = new Map();
      rows.set(table, byId);
    }
    if (data === null) byId.delete(id);
    else byId.set(id, data);
  }

  #commit(record: Extract<LogRecord, { k: 'commit' }>): void {
    this.lastTransactionId = Math.max(this.lastTransactionId, record.transactionId);
    for (const row of record.rows) this.#row(row);
    for (const counters of record.counters) this.#counters(counters);
    for (const commit of record.tracked ?? []) this.#tracked(commit);
    for (const [id, commit] of record.commits) {
      this.#reached(id, commit.commitLsn);
      const database = this.#database(id);
      if (database.image?.cdc) database.waiting.push(commit);
    }
  }

  #tracked({ database: id, version, ms, changes }: TrackedCommit): void {
    const database = this.#database(id);
    database.versions.set(version, ms);
    for (const [table, change] of changes) append(database.tracked, table, [change]);
  }

  #counters({ database: id, rowversion, identities }: CounterImage): void {
    const database = this.#database(id);
    if (rowversion > database.rowversion) database.rowversion = rowversion;
    for (const [table, last] of identities) database.identities.set(table, last);
  }

  #reached(id: number, lsn: number): void {
    const database = this.#database(id);
    if (lsn > database.lsn) database.lsn = lsn;
  }
}

function setImage(database: ReplayedDatabase, image: DatabaseImage): void {
  database.image = image;
  const kept = new Set(image.cdc?.captures.map((capture) => capture.objectId));
  for (const id of database.captured.keys()) if (!kept.has(id)) database.captured.delete(id);
  for (const capture of image.cdc?.captures ?? []) database.lsn = Math.max(database.lsn, capture.startLsn);
  for (const { lsn } of image.cdc?.ddl ?? []) database.lsn = Math.max(database.lsn, lsn);
  if (image.cdc) return;
  database.waiting = [];
  database.times = [];
}

function dropObject(database: ReplayedDatabase, id: number): void {
  database.objects.delete(id);
  database.rows.delete(id);
  database.identities.delete(id);
  database.sequences.delete(id);
  database.tracked.delete(id);
}

function append<T>(lists: Map<number, T[]>, key: number, items: readonly T[]): void {
  const list = lists.get(key);
  if (list) for (const item of items) list.push(item);
  else lists.set(key, [...items]);
}

/** Does again what the capture job did: see cdc/captureJob.ts. */
function scan(database: ReplayedDatabase, record: Extract<LogRecord, { k: 'scan' }>): void {
  const captures = database.image?.cdc?.captures ?? [];
  for (const commit of database.waiting.splice(0, record.taken)) {
    if (take(database, captures, commit) === 0) continue;
    const { transactionId, beginLsn, beginTimeMs, commitLsn, commitTimeMs } = commit;
    const endMs = Math.max(commitTimeMs, database.times.at(-1)?.endMs ?? 0);
    database.times.push({ startLsn: commitLsn, beginMs: beginTimeMs, endMs, transactionId, beginLsn });
  }
  const { markLsn, nowMs } = record;
  if (markLsn === 0) return;
  const endMs = Math.max(nowMs, database.times.at(-1)?.endMs ?? 0);
  database.times.push({ startLsn: markLsn, beginMs: nowMs, endMs, transactionId: 0, beginLsn: markLsn });
  changeCaptures(database, (capture) => ({ ...capture, ready: true }));
}

function take(database: ReplayedDatabase, captures: readonly CaptureImage[], commit: CommitImage): number {
  let captured = 0;
  for (const change of commit.changes)
    for (const capture of captures) {
      if (capture.sourceId !== change.table || commit.commitLsn < capture.startLsn) continue;
      append(database.captured, capture.objectId, [[commit.commitLsn, change]]);
      captured++;
    }
  return captured;
}

/** Does again what clean-up did: see cdc/cleanUp.ts. */
function clean(database: ReplayedDatabase, marks: ReadonlyMap<number, number>): void {
  changeCaptures(database, (capture) => ({ ...capture, startLsn: marks.get(capture.objectId) ?? capture.startLsn }));
  const captures = database.image?.cdc?.captures ?? [];
  for (const { objectId, startLsn } of captures) {
    const changes = database.captured.get(objectId);
    if (changes)
      database.captured.set(
        objectId,
        dropBelow(changes, ([commitLsn]) => commitLsn < startLsn),
      );
  }
  const lowest = Math.min(...captures.map((capture) => capture.startLsn));
  if (captures.length > 0) database.times = dropBelow(database.times, (time) => time.startLsn < lowest);
}

function dropBelow<T>(list: T[], isBelow: (item: T) => boolean): T[] {
  const first = list.findIndex((item) => !isBelow(item));
  return first === 0 ? list : first < 0 ? [] : list.slice(first);
}

function changeCaptures(database: ReplayedDatabase, change: (capture: CaptureImage) => CaptureImage): void {
  const { image } = database;
  if (!image?.cdc) return;
  database.image = { ...image, cdc: { ...image.cdc, captures: image.cdc.captures.map(change) } };
}
