import type { IncomingMessage } from '#infra/kafka/types.ts';
import { letterFacts, originalOf } from './letterFormat.ts';

/** Where letters go that shall be tried again. Every group reads it and takes the letters that are its own. */
export function redeliveryTopic(groupPrefix: string): string {
  return `${groupPrefix}.redeliveries`;
}

/** Records of one topic-partition, as a group would have got them there. */
export interface RedeliveredRecords {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly IncomingMessage[];
}

/** The letters of one group in a batch of redeliveries, turned back into records, by the partition they stood in; offset order in each. */
export function redeliveredTo(groupId: string, letters: readonly IncomingMessage[]): RedeliveredRecords[] {
  const byPlace = new Map<string, IncomingMessage[]>();
  for (const letter of letters) {
    if (letterFacts(letter)?.groupId !== groupId) continue;
    const original = originalOf(letter)!;
    const place = `${original.topic}/${original.partition}`;
    const list = byPlace.get(place);
    if (list === undefined) byPlace.set(place, [original]);
    else list.push(original);
  }
  return [...byPlace.values()].map((messages) => {
    messages.sort((a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0));
    const { topic, partition } = messages[0]!;
    return { topic, partition, messages };
  });
}
