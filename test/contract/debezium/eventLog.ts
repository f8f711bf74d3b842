import { isDeepStrictEqual } from 'node:util';
import type { Image } from './mixedChanges.ts';

interface Envelope {
  readonly op: string;
  readonly before: Image | null;
  readonly after: Image | null;
}

const MAX_FAULTS = 20;

/**
 * Follows a connector's events row by row: every update and delete must start from the image that the events before it left, every delete
 * must have its tombstone. Breaches are collected in `faults` (the first 20).
 */
export class EventLog {
  readonly counts: Record<string, number> = {};
  readonly images = new Map<string, Image>();
  readonly faults: string[] = [];
  snapshotRows = 0;
  tombstones = 0;

  /** One line of DebeziumRun: topic, key and value, separated by tabs. */
  add(line: string): void {
    const [topic, key, value] = line.split('\t') as [string, string, string];
    const table = topic.slice(topic.lastIndexOf('.') + 1);
    if (table !== 'Item' && table !== 'Move') return;
    const place = `${table}:${(JSON.parse(key) as Record<string, number>)[`${table}Id`]}`;
    if (value === '') this.#tombstone(place);
    else this.#change(table, place, JSON.parse(value) as Envelope);
  }

  #change(table: string, place: string, { op, before, after }: Envelope): void {
    const known = this.images.get(place);
    if (op === 'r') this.snapshotRows++;
    else this.counts[`${table}:${op}`] = (this.counts[`${table}:${op}`] ?? 0) + 1;
    const starts = op === 'r' || op === 'c' ? known === undefined : isDeepStrictEqual(before, known);
    if (!starts) this.#fault(`${op} of ${place} does not follow from the events before it`);
    if (op === 'd') this.images.delete(place);
    else if (after) this.images.set(place, after);
  }

  #tombstone(place: string): void {
    this.tombstones++;
    if (this.images.has(place)) this.#fault(`tombstone of ${place} without its delete`);
  }

  #fault(text: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(text);
  }
}
