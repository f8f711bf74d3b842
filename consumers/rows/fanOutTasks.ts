import { randomUUID } from 'node:crypto';
import type { TopicSpec } from '#infra/kafka/types.ts';

/**
 * A task of the fan-out: mark every document of a type that is reached from the rows of one join that carry this link. Stage 1 hands over what
 * would touch too many documents at once. The topic is keyed by what is to be walked and compacted: of the same walk asked for twice
 * the later one does for both.
 */
export interface FanOutTask {
  /** Names this request: how far its walk has come is kept under it. */
  readonly id: string;
  readonly documentType: string;
  /** Name of the join. */
  readonly alias: string;
  /** Link of the joined row. */
  readonly link: string;
  /** Newest commit time among the changes behind it, ms since 1970 UTC; null when they are all snapshot rows. */
  readonly sourceTsMs: number | null;
}

/** Topic of the tasks; the group that works on them has the same name. */
export function fanOutTopic(groupPrefix: string): string {
  return `${groupPrefix}.fan-out`;
}

export function fanOutTopicSpec(
  groupPrefix: string,
  kafka: { readonly partitions: number; readonly replicationFactor: number },
): TopicSpec {
  return { topic: fanOutTopic(groupPrefix), ...kafka, config: { 'cleanup.policy': 'compact' } };
}

/** What a task asks for: tasks with the same text ask for the same walk. */
export function walkOf({ documentType, alias, link }: FanOutTask): string {
  return JSON.stringify([documentType, alias, link]);
}

export function encodeTask(task: FanOutTask): { key: Buffer; value: Buffer } {
  const { id, sourceTsMs } = task;
  return { key: Buffer.from(walkOf(task)), value: Buffer.from(JSON.stringify({ id, sourceTsMs })) };
}

/** @throws when the bytes are no task */
export function decodeTask(key: Buffer | null, value: Buffer | null): FanOutTask {
  if (key === null || value === null) throw new Error('a task of the fan-out needs key and value');
  const [documentType, alias, link] = JSON.parse(key.toString('utf8')) as [string, string, string];
  const { id, sourceTsMs } = JSON.parse(value.toString('utf8')) as Pick<FanOutTask, 'id' | 'sourceTsMs'>;
  return { id, documentType, alias, link, sourceTsMs };
}

/** Most tasks held before they are sent. */
const FLUSH_AT = 1000;

/** Collects tasks of one batch and sends them. */
export class TaskBatch {
  readonly #send: (tasks: readonly FanOutTask[]) => Promise<void>;
  readonly #newId: () => string;
  #tasks: FanOutTask[] = [];

  constructor(send: (tasks: readonly FanOutTask[]) => Promise<void>, newId: () => string = randomUUID) {
    this.#send = send;
    this.#newId = newId;
  }

  async add(task: Omit<FanOutTask, 'id'>): Promise<void> {
    this.#tasks.push({ ...task, id: this.#newId() });
    if (this.#tasks.length >= FLUSH_AT) await this.flush();
  }

  /** Resolves when every task added so far is stored. */
  async flush(): Promise<void> {
    const tasks = this.#tasks;
    this.#tasks = [];
    if (tasks.length > 0) await this.#send(tasks);
  }
}
