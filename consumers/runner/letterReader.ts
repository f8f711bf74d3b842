import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { deadLetterTopic } from './deadLetters.ts';
import { type LetterFacts, letterFacts, letterId } from './letterFormat.ts';

/** Which letters are meant. Every given part must fit. */
export interface LetterFilter {
  /** Ids as listed; the first digits are enough when they fit one letter only. */
  readonly ids?: readonly string[];
  readonly group?: string;
  /** Topic, or the end of its name after a dot (`dbo.PRODUCT`). */
  readonly topic?: string;
  readonly code?: string;
  /** Last tried at or after this moment, ms since 1970. */
  readonly sinceMs?: number;
  /** Last tried before this moment, ms since 1970. */
  readonly untilMs?: number;
  /** Tried at least so often. */
  readonly attempts?: number;
}

/** A letter without its record, and where it lies. */
export interface ListedLetter extends LetterFacts {
  readonly at: { readonly partition: number; readonly offset: bigint };
}

/** The letters that are not settled, oldest first. Memory: their facts, not their records. */
export async function listLetters(
  kafka: KafkaClient,
  groupPrefix: string,
  filter: LetterFilter,
  signal?: AbortSignal,
): Promise<ListedLetter[]> {
  const open = new Map<string, ListedLetter>();
  await kafka.readTopic({
    topic: deadLetterTopic(groupPrefix),
    from: 'beginning',
    ...(signal && { signal }),
    onBatch: ({ messages }) => {
      for (const message of messages) {
        const id = letterId(message.key!);
        const facts = message.value === null ? null : letterFacts(message);
        if (facts !== null && fits(facts, filter)) {
          open.set(id, { ...facts, at: { partition: message.partition, offset: message.offset } });
        } else open.delete(id);
      }
    },
  });
  return [...open.values()].sort((a, b) => (a.firstAt < b.firstAt ? -1 : a.firstAt > b.firstAt ? 1 : 0));
}

/** Gives the stored record of each letter that is still as it was listed; a few at a time, in the order they lie. */
export async function readLetters(
  kafka: KafkaClient,
  groupPrefix: string,
  letters: readonly ListedLetter[],
  onLetters: (records: readonly IncomingMessage[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  if (letters.length === 0) return;
  const wanted = new Set(letters.map(({ at }) => `${at.partition}/${at.offset}`));
  const from = new Map<number, bigint>();
  for (const { at } of letters) {
    const first = from.get(at.partition);
    if (first === undefined || at.offset < first) from.set(at.partition, at.offset);
  }
  await kafka.readTopic({
    topic: deadLetterTopic(groupPrefix),
    partitions: [...from.keys()],
    from,
    ...(signal && { signal }),
    onBatch: async ({ partition, messages }) => {
      const chosen = messages.filter(({ offset }) => wanted.has(`${partition}/${offset}`));
      if (chosen.length > 0) await onLetters(chosen);
    },
  });
}

function fits(letter: LetterFacts, { ids, group, topic, code, sinceMs, untilMs, attempts }: LetterFilter): boolean {
  if (ids !== undefined && !ids.some((id) => letter.id.startsWith(id.toLowerCase()))) return false;
  if (group !== undefined && letter.groupId !== group) return false;
  if (topic !== undefined && letter.topic !== topic && !letter.topic.endsWith(`.${topic}`)) return false;
  if (code !== undefined && letter.code !== code) return false;
  if (attempts !== undefined && letter.attempts < attempts) return false;
  const lastMs = Date.parse(letter.lastAt);
  return (sinceMs === undefined || lastMs >= sinceMs) && (untilMs === undefined || lastMs < untilMs);
}
