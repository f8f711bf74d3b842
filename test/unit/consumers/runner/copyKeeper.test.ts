import { expect, test } from 'vitest';
import { CopyKeeper } from '#consumers/runner/copyKeeper.ts';
import { CopyLedger, copyState } from '#consumers/runner/ledger.ts';
import type { ConsumerGroup, IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';

const [TOPIC, GROUP, END] = ['shop.t', 'shop.rows', 10];

/** One member that owns the only partition, with ten records in it. */
class Member {
  readonly #server = new MemoryRedis();
  readonly redis = this.#server.connection();
  committed = 0n;
  readonly #keeper: CopyKeeper;

  constructor() {
    const kafka = {
      committedOffsets: async () => new Map([[TOPIC, new Map([[0, this.committed]])]]),
      topicOffsets: async () => new Map([[0, { begin: 0n, end: BigInt(END) }]]),
      readTopic: async ({ onBatch }: { onBatch: (batch: object) => boolean }) => {
        onBatch({ messages: [{ offset: this.committed }] });
      },
    };
    this.#keeper = new CopyKeeper({
      kafka: kafka as unknown as KafkaClient,
      ledger: new CopyLedger(this.redis, GROUP),
      groupId: GROUP,
      topics: [TOPIC],
      log: silentLogger,
      onLoss: () => undefined,
    });
    const rewind = async (_topic: string, _partition: number, offset: bigint): Promise<void> => {
      this.committed = offset;
    };
    this.#keeper.attach({ rewind } as unknown as ConsumerGroup);
    this.#keeper.assigned(new Map([[TOPIC, [0]]]));
  }

  /** Handles what comes next, up to an offset. */
  async handle(to: number): Promise<void> {
    const first = { offset: this.committed } as IncomingMessage;
    const batch = { topic: TOPIC, partition: 0, messages: [first], highWatermark: BigInt(END) };
    const standing = await this.#keeper.enter(batch);
    if (standing !== null && (await this.#keeper.passed(standing, BigInt(to)))) this.committed = BigInt(to);
    this.#keeper.leave(batch);
  }

  look(): Promise<void> {
    return this.#keeper.look();
  }

  empty(): void {
    this.#server.restore({ hashes: new Map(), strings: new Map() });
  }

  async state(): Promise<string> {
    return (await copyState(this.redis, GROUP)).state;
  }
}

test('a store that is emptied again while it is filled again is whole only when it has everything', async () => {
  const member = new Member();
  await member.handle(END);
  await member.look();
  expect(await member.state()).toBe('complete');

  member.empty();
  await member.look();
  expect(member.committed).toBe(0n);
  await member.handle(3);
  await member.look();
  expect(await member.state()).toBe('rebuilding');

  member.empty();
  await member.look();
  await member.handle(4);
  await member.look();
  expect(await member.state()).toBe('rebuilding');
  await member.handle(END);
  await member.look();
  expect(await member.state()).toBe('complete');
});
