import { describe, expect, it } from 'vitest';
import { Coverage } from '#consumers/runner/coverage.ts';
import type { RecordBatch } from '#consumers/runner/runner.ts';

/** Records of one partition from an offset on, their keys as given, fetched when the partition ended at `end`. */
const batch = (from: number, keys: string, end?: number): RecordBatch<string> => ({
  topic: 'marks',
  partition: 0,
  records: [...keys].map((value, i) => ({
    value,
    message: {
      topic: 'marks',
      partition: 0,
      offset: BigInt(from + i),
      timestampMs: 0,
      key: null,
      value: null,
      headers: {},
    },
  })),
  ...(end !== undefined && { highWatermark: BigInt(end) }),
});
const keyOf = ({ value }: { readonly value: string }): string => value;

describe('what an earlier build covers', () => {
  const handle = (coverage: Coverage, of: RecordBatch<string>): string => {
    const open = coverage.open(of, keyOf).map(keyOf);
    coverage.cover(of, open);
    return open.join('');
  };

  it('are the marks of the same document that were there already when its batch was fetched', () => {
    const coverage = new Coverage();
    expect(handle(coverage, batch(0, 'aab', 7))).toBe('ab');
    expect(handle(coverage, batch(3, 'abca', 20))).toBe('c');
    expect(handle(coverage, batch(7, 'abc', 30))).toBe('ab');
    expect(handle(coverage, batch(10, 'c', 30))).toBe('');
  });

  it('are none when the group is not behind', () => {
    const coverage = new Coverage();
    expect(handle(coverage, batch(0, 'a', 1))).toBe('a');
    expect(handle(coverage, batch(1, 'a', 2))).toBe('a');
  });

  it('are none when the reading goes back, and none for what is redelivered', () => {
    const coverage = new Coverage();
    handle(coverage, batch(0, 'ab', 10));
    expect(handle(coverage, batch(0, 'ab'))).toBe('ab');
    expect(handle(coverage, batch(1, 'b', 10))).toBe('b');
    expect(handle(coverage, batch(2, 'a', 10))).toBe('a');
  });

  it('are none for a document that was put aside', () => {
    const coverage = new Coverage();
    const first = batch(0, 'ab', 10);
    coverage.open(first, keyOf);
    coverage.cover(first, ['a']);
    expect(handle(coverage, batch(2, 'ab', 10))).toBe('b');
  });
});
