import { describe, expect, it } from 'vitest';
import { describeDifference, differingFields, Findings } from '#infra/ops/verify/report.ts';

describe('a difference', () => {
  const common = { what: 'product', id: 'A1', key: null };

  it('is told in one line that names fields and never values', () => {
    expect(describeDifference({ ...common, kind: 'missing', fields: [] })).toBe('product A1: missing in the copy');
    expect(describeDifference({ ...common, kind: 'extra', fields: [] })).toBe(
      'product A1: in the copy, not in the source',
    );
    expect(describeDifference({ ...common, kind: 'different', fields: ['price'] })).toBe('product A1: price differs');
    expect(describeDifference({ ...common, kind: 'different', fields: ['a', 'b'] })).toBe('product A1: a, b differ');
    expect(describeDifference({ ...common, kind: 'position', fields: [] })).toContain('has not reached');
    expect(describeDifference({ ...common, kind: 'link', fields: ['CODE'] })).toContain('over CODE');
  });

  it('lists the top-level fields whose values are not deeply equal, also those only one side has', () => {
    expect(differingFields({ a: 1, b: [1, 2], c: 3 }, { a: 1, b: [2, 1], d: 4 })).toEqual(['b', 'c', 'd']);
    expect(differingFields({ a: { x: 1 } }, { a: { x: 1 } })).toEqual([]);
    expect(differingFields({ a: 1 }, null)).toEqual(['(value)']);
  });

  it('is counted beyond the ones that are kept', () => {
    const findings = new Findings();
    for (let i = 0; i < 10_005; i++) findings.different({ ...common, id: String(i), kind: 'missing', fields: [] });
    expect([findings.differences.length, findings.differenceCount]).toEqual([10_000, 10_005]);
  });
});
