import { type ReplayProgress, replayRecords } from '#consumers/runner/replay.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import { planOffsets } from '#infra/ops/offsets.ts';
import { parseStartPoint } from '#infra/ops/startPoint.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { groupNamed } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { parseKey } from '../keyOption.ts';
import { formatTable, print, printError, printJson } from '../output.ts';
import { type KafkaWork, withKafka } from '../withKafka.ts';

export interface ReplayCommandOptions {
  readonly config: string;
  readonly json: boolean;
  readonly topic?: string;
  readonly partition?: number;
  readonly from: string;
  readonly key?: string;
  readonly rate: number;
  readonly execute: boolean;
}

/** Gives records to a group once more. */
export async function replay(group: string, options: ReplayCommandOptions): Promise<number> {
  const from = parseStartPoint(options.from);
  const key = options.key === undefined ? undefined : parseKey(options.key);
  return withKafka(options.config, async (work) => {
    const { kafka, config, signal } = work;
    const named = groupNamed(config, group);
    const plan = await planOffsets(kafka, named, from, options, signal);
    const byTopic = new Map<string, Map<number, bigint>>();
    for (const { topic, partition, after } of plan.moves)
      byTopic.set(topic, (byTopic.get(topic) ?? new Map<number, bigint>()).set(partition, after));
    const rows: { topic: string; records: number; sent: number }[] = [];
    for (const [topic, offsets] of byTopic) {
      const ranges = await kafka.topicOffsets(topic);
      const records = [...offsets].reduce((sum, [partition, at]) => sum + Number(ranges.get(partition)!.end - at), 0);
      const sent = options.execute
        ? await replayRecords(
            {
              kafka,
              groupPrefix: config.consumers.groupPrefix,
              groupId: named.groupId,
              topic,
              from: offsets,
              ...(key && { wanted: keyFilter(work, key) }),
              ratePerSecond: options.rate,
              onProgress: (progress) => showProgress(topic, progress),
            },
            signal,
          )
        : 0;
      rows.push({ topic, records, sent });
    }
    if (options.json)
      printJson({ groupId: named.groupId, members: plan.members, executed: options.execute, topics: rows });
    else {
      print(formatTable([['topic', 'offsets', 'sent'], ...rows.map((row) => [row.topic, row.records, row.sent])]));
      if (!options.execute) print('dry run: --execute sends them');
      else if (plan.members === 0) print(`group ${named.groupId} is not running: it takes them when it starts`);
    }
    return EXIT.ok;
  });
}

function keyFilter({ config }: KafkaWork, wanted: ReadonlyMap<string, string>) {
  const decoder = createDecoder(createRegistry(config.registry));
  return async ({ key }: IncomingMessage): Promise<boolean> => {
    if (key === null) return false;
    const columns = (await decoder.decode(key)) as Readonly<Record<string, unknown>>;
    return [...wanted].every(([column, text]) => String(columns[column]).trimEnd() === text);
  };
}

function showProgress(topic: string, { read, total, sent, elapsedMs }: ReplayProgress): void {
  if (!process.stderr.isTTY) return;
  const rate = read / Math.max(elapsedMs / 1000, 0.001);
  const left = Math.max(0, total - read) / Math.max(rate, 1);
  process.stderr.write(
    `\r${topic}: ${read}/${total} read, ${sent} sent, ${rate.toFixed(0)}/s, ${left.toFixed(0)} s left `,
  );
  if (read >= total) printError('');
}
