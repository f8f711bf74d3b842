import { isDeepStrictEqual } from 'node:util';
import type { KeyText } from '#connectors/capture/chunk.ts';

/**
 * How a copy is wrong about one thing. `position`: it carries a place in the source's order that the source has not reached, so that every
 * real change would be refused as old. `link`: a row cannot be found by the documents that join it. `history`: an order's last step is not
 * its present status.
 */
export type DifferenceKind = 'missing' | 'extra' | 'different' | 'position' | 'link' | 'history';

export interface Difference {
  /** What was compared: `row <schema.table>`, a document type, `stock`, `order`, `order line` or `customer list`. */
  readonly what: string;
  readonly id: string;
  readonly kind: DifferenceKind;
  /** The top-level fields that differ. Values are never shown. */
  readonly fields: readonly string[];
  /** Key of the source row in its table; null when that is not known or it has none. */
  readonly key: KeyText | null;
  /** Of a thing without a source row whose key is not known: a place in the log at which the source had none, as 20 hexadecimal digits. */
  readonly absentAt?: string;
  /** For `position`: the one that is stored. */
  readonly position?: string;
  /** Of a document: key of its root row in the row store, where it is known. */
  readonly rootKey?: string;
}

/** Something that could not be decided in this run, and why. */
export interface Undecided {
  readonly what: string;
  readonly id: string;
  /**
   * `lag`: the copy did not pass the compared position in time. `moving`: it changed at every look. `index`: searches have no index of the
   * configured version, for example while it is being built.
   */
  readonly why: 'lag' | 'moving' | 'index';
}

/** What a run did to the source. */
export interface SourceCost {
  readonly statements: number;
  /** Rows the source sent, and about how many bytes they had. */
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds statements were waited for. */
  readonly waitedMs: number;
}

export interface VerifyReport {
  /** `different` wins over `undecided`. */
  readonly outcome: 'equal' | 'different' | 'undecided';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Where in the source's log the comparison began and ended, as 20 hexadecimal digits; null when nothing was read there. */
  readonly position: { readonly from: string | null; readonly to: string | null };
  /** What → how many things were compared. */
  readonly compared: Readonly<Record<string, number>>;
  /** The first ones; `differenceCount` is how many there are. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  readonly undecided: readonly Undecided[];
  readonly undecidedCount: number;
  /** What → documents or rows the configuration's own functions refuse: they are with the dead letters. */
  readonly unbuildable: Readonly<Record<string, number>>;
  /** What was not or not wholly compared, one line each. */
  readonly notes: readonly string[];
  readonly cost: SourceCost;
}

/** Differences kept with their keys; more are counted only. */
const MAX_KEPT = 10_000;

/** Collects what a run finds. */
export class Findings {
  readonly compared = new Map<string, number>();
  readonly unbuildable = new Map<string, number>();
  readonly differences: Difference[] = [];
  readonly undecided: Undecided[] = [];
  readonly notes: string[] = [];
  differenceCount = 0;
  undecidedCount = 0;

  different(difference: Difference): void {
    this.differenceCount += 1;
    if (this.differences.length < MAX_KEPT) this.differences.push(difference);
  }

  undecide(undecided: Undecided): void {
    this.undecidedCount += 1;
    if (this.undecided.length < MAX_KEPT) this.undecided.push(undecided);
  }

  count(what: string, things: number): void {
    this.compared.set(what, (this.compared.get(what) ?? 0) + things);
  }

  refuse(what: string, things: number): void {
    if (things > 0) this.unbuildable.set(what, (this.unbuildable.get(what) ?? 0) + things);
  }
}

/** One line for a person: `product 0000012345: price, priceMinor differ`. */
export function describeDifference({ what, id, kind, fields }: Difference): string {
  if (kind === 'missing') return `${what} ${id}: missing in the copy`;
  if (kind === 'extra') return `${what} ${id}: in the copy, not in the source`;
  if (kind === 'position') return `${what} ${id}: carries a position the source has not reached`;
  if (kind === 'link') return `${what} ${id}: cannot be found over ${fields.join(', ')}`;
  if (kind === 'history') return `${what} ${id}: its history does not end in its present status`;
  return `${what} ${id}: ${fields.join(', ')} ${fields.length === 1 ? 'differs' : 'differ'}`;
}

/** Names of the top-level fields in which two values differ; `(value)` when they are not both objects. */
export function differingFields(expected: unknown, actual: unknown): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  if (!isRecord(expected) || !isRecord(actual)) return ['(value)'];
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].filter((name) => !isDeepStrictEqual(expected[name], actual[name])).sort();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
