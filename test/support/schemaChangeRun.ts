import { expect } from 'vitest';
import type { Capture } from '#connectors/capture/capture.ts';
import type { ReceivedSignal, SignalSource } from '#connectors/capture/control.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import type { CaptureSettings } from '#connectors/capture/settings.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import type { CaptureEnvironment } from './captureEnvironment.ts';
import { buildCapture, type CaptureSetup } from './captureProcess.ts';
import { eventually } from './eventually.ts';
import { type DecodedRecord, historyByKey, readHistory } from './topicHistory.ts';

/** The notification that may have this type. */
type NoteOf<T, N = CaptureNotification> = N extends { readonly type: infer U } ? (T extends U ? N : never) : never;

/** The columns a writer fills: column → T-SQL for the n-th write. ID and N are written always. */
export type Fill = Readonly<Record<string, (n: number) => string>>;

/** Writes one row after the other while definitions change beside it. N counts the writes of the table. */
export class SchemaWriter {
  readonly #db: Database;
  readonly #table: string;
  readonly #known = new Set<number>();
  /** Successful writes: id and n, in order. */
  readonly written: { readonly id: number; readonly n: number }[] = [];
  fill: Fill;
  #n = 0;
  #running: Promise<void> | null = null;
  #stopped = false;

  /** `after`: the number the writes begin after. */
  constructor(db: Database, table: string, fill: Fill, after = 0) {
    this.#n = after;
    this.#db = db;
    this.#table = table;
    this.fill = fill;
  }

  async write(times: number): Promise<void> {
    for (let i = 0; i < times; i++) await this.#once();
  }

  start(): void {
    this.#stopped = false;
    const loop = async (): Promise<void> => {
      while (!this.#stopped) await this.#once();
    };
    this.#running = loop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #once(): Promise<void> {
    const n = ++this.#n;
    const id = n % 7;
    const values = Object.entries(this.fill).map(
      ([column, sql]) => [`[${column.replaceAll(']', ']]')}]`, sql(n)] as const,
    );
    const text = this.#known.has(id)
      ? `UPDATE ${this.#table} SET ${[['N', n] as const, ...values].map(([c, v]) => `${c} = ${v}`).join(', ')} WHERE ID = ${id}`
      : `INSERT INTO ${this.#table} (${['ID', 'N', ...values.map(([c]) => c)].join(', ')}) VALUES (${[id, n, ...values.map(([, v]) => v)].join(', ')})`;
    try {
      await this.#db.batch(text);
      this.#known.add(id);
      this.written.push({ id, n });
    } catch {
      // The column was dropped or is not there yet: the next write knows.
    }
  }
}

/** A capture of some tables with what it told. */
export class SchemaRun {
  readonly notes: CaptureNotification[] = [];
  readonly setup: CaptureSetup;
  readonly capture: Capture;
  readonly signals: ReceivedSignal[] = [];
  readonly #env: CaptureEnvironment;
  readonly #stop = new AbortController();
  readonly #done: Promise<unknown>;

  constructor(
    env: CaptureEnvironment,
    tables: readonly string[],
    given: { readonly settings?: Partial<CaptureSettings>; readonly from?: SchemaRun; readonly asOwner?: boolean } = {},
  ) {
    this.#env = env;
    const own = given.from?.setup ?? env.setup();
    const source = given.asOwner ? { ...own.source, user: 'sa', password: env.standin.saPassword } : own.source;
    this.setup = { ...own, source, tables, settings: { idleWriteMs: 200, ...given.settings } };
    const offsets: SignalSource = {
      read: (from) => Promise.resolve(this.signals.filter((s) => from === null || Number(s.offset) >= Number(from))),
    };
    const { capture, kafka } = buildCapture(this.setup, undefined, {
      observer: { notify: (note) => void this.notes.push(note) },
      signals: offsets,
    });
    this.capture = capture;
    this.#done = capture.run(this.#stop.signal).finally(() => kafka.close());
    this.#done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async streaming(): Promise<void> {
    await eventually(
      () => expect(this.capture.status().state, String(this.capture.status().lastError)).toBe('streaming'),
      { timeoutMs: 30_000 },
    );
  }

  /** Waits for a notification of this type about the table. */
  async told<T extends CaptureNotification['type']>(type: T, table: string): Promise<NoteOf<T>> {
    const find = () => this.notes.find((n) => n.type === type && 'table' in n && n.table === table);
    await eventually(
      () =>
        expect(
          find(),
          `${type} of ${table}; told: ${this.notes.map((n) => n.type).join(' ')}; ${JSON.stringify(this.capture.status())}`,
        ).toBeDefined(),
      { timeoutMs: 20_000 },
    );
    return find() as NoteOf<T>;
  }

  records(table: string): Promise<DecodedRecord[]> {
    return readHistory(this.#env.kafka, this.#env.decoder, `${this.setup.topicPrefix}.SHOP.${table}`);
  }

  /** Waits until the newest write of the writer is in the topic. */
  async drained(table: string, writer: SchemaWriter): Promise<DecodedRecord[]> {
    const last = writer.written.at(-1)!.n;
    return eventually(
      async () => {
        const records = await this.records(table);
        expect(
          records.some((r) => r.envelope?.after?.['N'] === last),
          `write ${last} of ${table}`,
        ).toBe(true);
        return records;
      },
      { timeoutMs: 30_000, everyMs: 200 },
    );
  }
}

/** Creates a table with ID and N, captured, readable by the capture's login. */
export async function createCaptured(db: Database, table: string, columns: string, options = ''): Promise<void> {
  await db.batch(
    `CREATE TABLE dbo.${table} (ID int NOT NULL CONSTRAINT PK_${table.replaceAll(/\W/g, '')} PRIMARY KEY, N int NOT NULL${columns && `, ${columns}`})`,
  );
  await db.batch(`GRANT SELECT ON dbo.${table} TO reader`);
  await db.batch(
    `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table
      .replaceAll(/^\[|\]$/g, '')
      .replaceAll(']]', ']')
      .replaceAll("'", "''")}', @role_name = NULL, @supports_net_changes = 0${options}`,
  );
}

/** From here on rows are a test's own, which the writer never touches. */
export const STILL_ID = 100;

/** Every write is there exactly once, in order for each key; snapshot rows apart. */
export function expectEveryWrite(records: readonly DecodedRecord[], writer: SchemaWriter): void {
  for (const [key, list] of historyByKey(records)) {
    const positions = list.map((r) => r.position);
    expect(positions, `${key}: forward only`).toEqual([...positions].sort());
    const changes = list.filter((r) => r.envelope && r.envelope.op !== 'r').map((r) => r.envelope!.after!['N']);
    const id = (JSON.parse(key) as { ID: number }).ID;
    if (id >= STILL_ID) continue;
    const written = writer.written.filter((w) => w.id === id).map((w) => w.n);
    // What was written before the stream began is read by the snapshot.
    const first = written.indexOf(changes[0] as number);
    expect(changes, `${key}: each write once, in order`).toEqual(first < 0 ? [] : written.slice(first));
  }
}

/** The newest state of every key. */
export function lastRows(records: readonly DecodedRecord[]): Map<number, Readonly<Record<string, unknown>>> {
  const rows = new Map<number, Readonly<Record<string, unknown>>>();
  for (const { key, envelope } of records) {
    if (envelope?.after) rows.set(key['ID'] as number, envelope.after);
    else rows.delete(key['ID'] as number);
  }
  return new Map([...rows].sort(([a], [b]) => a - b));
}

/** T-SQL that makes another capture instance of a table of dbo. */
export const enableInstance = (table: string, instance: string): string =>
  `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table}', @role_name = NULL, @supports_net_changes = 0, @capture_instance = N'${instance}'`;

/** A table that is captured and written to; the writer is running. */
export async function startChanging(
  env: CaptureEnvironment,
  table: string,
  columns: string,
  fill: Fill,
  given: ConstructorParameters<typeof SchemaRun>[2] = {},
) {
  await createCaptured(env.shop, table, columns);
  const writer = new SchemaWriter(env.shop, `dbo.${table}`, fill);
  await writer.write(20);
  const run = new SchemaRun(env, [`dbo.${table}`], given);
  await run.streaming();
  writer.start();
  return { id: `dbo.${table}`, writer, run };
}

/** Stops the writer and drains the capture; gives a way to the table's records, in which every write was found. */
export async function finishChanging(run: SchemaRun, id: string, writer: SchemaWriter) {
  await writer.write(10);
  await writer.stop();
  await run.drained(id, writer);
  return async () => {
    const records = await run.records(id);
    expectEveryWrite(records, writer);
    return records;
  };
}
