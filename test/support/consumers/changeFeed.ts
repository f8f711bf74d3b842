import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient, OutgoingMessage, PartitionProducer } from '#infra/kafka/types.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { createEncoder, type Encoder } from '#schemas/codec.ts';
import { POSITION_HEADER } from '#schemas/envelope.ts';
import { encodeProgress, progressTopic, progressTopicSpec } from '#schemas/progressRecord.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { topicOf } from '#schemas/tableShape.ts';
import { SHAPES, type ShopTables } from './shopTables.ts';

type TableName = keyof ShopTables & string;
type Row = Record<string, unknown>;

const PARTITIONS = 2;

/** Plays the source and its capture: holds the tables and publishes every change as capture would. */
export class ChangeFeed {
  readonly tables = new Map<string, Map<string, Row>>(Object.keys(SHAPES).map((name) => [name, new Map()]));
  readonly #kafka: KafkaClient;
  readonly #prefix: string;
  readonly #encoders = new Map<string, { key: Encoder; value: Encoder }>();
  #producer: PartitionProducer | undefined;
  #lsn = 1n;

  constructor(kafka: KafkaClient, prefix: string) {
    this.#kafka = kafka;
    this.#prefix = prefix;
  }

  async open(registry: SchemaRegistry): Promise<void> {
    for (const [name, shape] of Object.entries(SHAPES)) {
      const topic = this.topic(name);
      this.#encoders.set(name, {
        key: await createEncoder(registry, `${topic}-key`, keySchema(this.#prefix, shape)!),
        value: await createEncoder(registry, `${topic}-value`, envelopeSchema(this.#prefix, shape)),
      });
    }
    await this.#kafka.ensureTopics(
      Object.keys(SHAPES).map((name) => ({
        topic: this.topic(name),
        partitions: PARTITIONS,
        replicationFactor: 1,
        config: { 'cleanup.policy': 'compact' },
      })),
    );
    this.#producer = await this.#kafka.producer();
  }

  topic(table: string): string {
    const { database, schema, name } = SHAPES[table]!;
    return topicOf(this.#prefix, { database, schema, name });
  }

  /** Inserts or replaces rows in one transaction. `unavailable` columns travel as the placeholder, as untouched large values do. */
  async put<T extends TableName>(
    table: T,
    rows: readonly ShopTables[T][],
    options: { readonly op?: 'r'; readonly unavailable?: readonly string[] } = {},
  ): Promise<string> {
    const lsn = this.#nextLsn();
    const messages = rows.map((row, place) => {
      const before = this.tables.get(table)!.get(this.#keyText(table, row));
      this.tables.get(table)!.set(this.#keyText(table, row), row as Row);
      const after = { ...row } as Row;
      for (const column of options.unavailable ?? []) after[column] = '__debezium_unavailable_value';
      const op = options.op ?? (before === undefined ? 'c' : 'u');
      return this.#message(
        table,
        row as Row,
        op === 'r' ? null : (before ?? null),
        after,
        op,
        this.#position(lsn, place, op),
      );
    });
    await this.#send(table, messages);
    return lsn;
  }

  /** Says, as capture does, that everything committed before this moment has been published. */
  async tellProgress(sourceTimeMs: number): Promise<void> {
    await this.#kafka.ensureTopics([progressTopicSpec(this.#prefix, 1)]);
    const record = encodeProgress({
      format: 1,
      capture: 'capture',
      position: `${(this.#lsn - 1n).toString(16).padStart(20, '0')}7fffffff${'f'.repeat(20)}9`,
      sourceTimeMs,
      atMs: Date.now(),
      topics: Object.keys(SHAPES).map((table) => this.topic(table)),
    });
    await this.#producer!.send(progressTopic(this.#prefix), 0, [record]);
  }

  /** Deletes a row: a delete and, as Debezium does, a tombstone. */
  async remove<T extends TableName>(table: T, row: ShopTables[T]): Promise<void> {
    const before = this.tables.get(table)!.get(this.#keyText(table, row)) ?? null;
    this.tables.get(table)!.delete(this.#keyText(table, row));
    const position = this.#position(this.#nextLsn(), 0, 'd');
    const change = this.#message(table, row as Row, before, null, 'd', position);
    await this.#send(table, [change, { ...change, value: null }]);
  }

  /** Sends bytes nobody can decode, under the key of a row. */
  async sendGarbage<T extends TableName>(table: T, row: ShopTables[T]): Promise<void> {
    const headers = { [POSITION_HEADER]: this.#position(this.#nextLsn(), 0, 'u') };
    await this.#send(table, [{ key: this.#key(table, row as Row), value: Buffer.from('not avro at all'), headers }]);
  }

  rows(table: TableName): Row[] {
    return [...this.tables.get(table)!.values()];
  }

  async close(): Promise<void> {
    await this.#producer?.close();
  }

  #nextLsn(): string {
    return (this.#lsn++).toString(16).padStart(20, '0');
  }

  #position(lsn: string, place: number, op: 'c' | 'u' | 'd' | 'r'): string {
    if (op === 'r') return `${lsn}${'0'.repeat(28)}0`;
    const digit = { c: 2, u: 4, d: 1 }[op];
    return `${lsn}${'0'.repeat(8)}${place.toString(16).padStart(20, '0')}${digit}`;
  }

  #keyText(table: string, row: object): string {
    return JSON.stringify(SHAPES[table]!.keyColumns.map((name) => (row as Row)[name]));
  }

  #key(table: string, row: Row): Buffer {
    const key = Object.fromEntries(SHAPES[table]!.keyColumns.map((name) => [name, row[name]]));
    return this.#encoders.get(table)!.key.encode(key);
  }

  #message(
    table: string,
    row: Row,
    before: Row | null,
    after: Row | null,
    op: string,
    position: string,
  ): OutgoingMessage {
    const { database, schema, name } = SHAPES[table]!;
    const nothing = {
      sequence: null,
      ts_us: null,
      ts_ns: null,
      change_lsn: null,
      commit_lsn: null,
      event_serial_no: null,
    };
    const source = {
      version: '0',
      connector: 'sqlserver',
      name: this.#prefix,
      ts_ms: BigInt(Date.now()),
      snapshot: op === 'r' ? 'true' : 'false',
      db: database,
      schema,
      table: name,
      ...nothing,
    };
    const envelope = {
      before,
      after,
      source,
      transaction: null,
      op,
      ts_ms: BigInt(Date.now()),
      ts_us: null,
      ts_ns: null,
    };
    return {
      key: this.#key(table, row),
      value: this.#encoders.get(table)!.value.encode(envelope),
      headers: { [POSITION_HEADER]: position },
    };
  }

  async #send(table: string, messages: readonly OutgoingMessage[]): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = messages.filter(({ key }) => partitionFor(key!, PARTITIONS) === partition);
      for (let start = 0; start < own.length; start += 500)
        await this.#producer!.send(this.topic(table), partition, own.slice(start, start + 500));
    }
  }
}
