import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient, OutgoingMessage } from '#infra/kafka/types.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { createEncoder, type Encoder } from '#schemas/codec.ts';
import { CAPTURED_HEADER, POSITION_HEADER } from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { SHAPES, type ShopTables } from '#test/support/consumers/shopTables.ts';

type Row = Record<string, unknown>;
type TableName = keyof ShopTables & string;

const PER_SEND = 1000;

/** Writes rows as capture would, all of them inside one Kafka transaction: consumers see them at one moment, when `show` is called. */
export interface Backlog {
  readonly records: number;
  show(): Promise<void>;
}

/** Plays the capture of a source in which everything changes at once. */
export class BenchFeed {
  readonly #kafka: KafkaClient;
  readonly #registry: SchemaRegistry;
  readonly #prefix: string;
  readonly #topicOf: (table: string) => string;
  readonly #encoders = new Map<string, { readonly key: Encoder; readonly value: Encoder }>();
  #lsn = 1n;

  constructor(kafka: KafkaClient, registry: SchemaRegistry, prefix: string, topicOf: (table: string) => string) {
    this.#kafka = kafka;
    this.#registry = registry;
    this.#prefix = prefix;
    this.#topicOf = topicOf;
  }

  /** One change of each row, as an update of `before`, not yet to be seen. */
  async write<T extends TableName>(
    table: T,
    rows: readonly ShopTables[T][],
    before: (row: ShopTables[T]) => ShopTables[T] | null,
  ): Promise<Backlog> {
    const topic = this.#topicOf(table);
    const count = (await this.#kafka.partitionCount(topic))!;
    const encoders = await this.#encodersOf(table);
    const partitions = new Map<number, OutgoingMessage[]>();
    for (const row of rows) {
      // Each row changes in a transaction of its own: a job that changes thousands in one goes another way.
      const position = `${(this.#lsn++).toString(16).padStart(20, '0')}${'0'.repeat(28)}4`;
      const message = this.#message(table, row, before(row), position, encoders);
      const partition = partitionFor(message.key!, count);
      const list = partitions.get(partition);
      if (list === undefined) partitions.set(partition, [message]);
      else list.push(message);
    }
    const producer = await this.#kafka.transactionalProducer({ transactionalId: `${this.#prefix}-feed` });
    const transaction = await producer.begin();
    for (const [partition, messages] of partitions)
      for (let start = 0; start < messages.length; start += PER_SEND)
        await transaction.send(topic, partition, messages.slice(start, start + PER_SEND));
    return {
      records: rows.length,
      show: async () => {
        await transaction.commit();
        await producer.close();
      },
    };
  }

  async #encodersOf(table: string): Promise<{ readonly key: Encoder; readonly value: Encoder }> {
    const known = this.#encoders.get(table);
    if (known !== undefined) return known;
    const topic = this.#topicOf(table);
    const made = {
      key: await createEncoder(this.#registry, `${topic}-key`, keySchema(this.#prefix, SHAPES[table]!)!),
      value: await createEncoder(this.#registry, `${topic}-value`, envelopeSchema(this.#prefix, SHAPES[table]!)),
    };
    this.#encoders.set(table, made);
    return made;
  }

  #message(
    table: string,
    row: Row,
    before: Row | null,
    position: string,
    { key, value }: { readonly key: Encoder; readonly value: Encoder },
  ): OutgoingMessage {
    const { database, schema, name, keyColumns } = SHAPES[table]!;
    const nowMs = BigInt(Date.now());
    const source = {
      version: '0',
      connector: 'sqlserver',
      name: this.#prefix,
      ts_ms: nowMs,
      snapshot: 'false',
      db: database,
      schema,
      table: name,
      sequence: null,
      ts_us: null,
      ts_ns: null,
      change_lsn: `${position.slice(0, 8)}:${position.slice(8, 16)}:${position.slice(16, 20)}`,
      commit_lsn: `${position.slice(0, 8)}:${position.slice(8, 16)}:${position.slice(16, 20)}`,
      event_serial_no: 1n,
    };
    return {
      key: key.encode(Object.fromEntries(keyColumns.map((column) => [column, row[column]]))),
      value: value.encode({
        before,
        after: row,
        source,
        transaction: null,
        op: before === null ? 'c' : 'u',
        ts_ms: nowMs,
        ts_us: null,
        ts_ns: null,
      }),
      headers: { [POSITION_HEADER]: position, [CAPTURED_HEADER]: String(nowMs) },
    };
  }
}
