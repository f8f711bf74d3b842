import { describe, expect, it } from 'vitest';
import { compare, describeDifference, type Identified } from '#infra/ops/verify.ts';

async function* copy(...items: readonly Identified[]): AsyncIterable<Identified> {
  yield* items;
}

describe('compare', () => {
  it('finds nothing when source and copy agree, whatever the order of fields and things', async () => {
    const expected = new Map([
      ['a', { price: '1.00', tags: ['x'] }],
      ['b', { price: '2.00', tags: [] }],
    ]);
    const result = await compare(
      'product',
      expected,
      copy({ id: 'b', value: { tags: [], price: '2.00' } }, { id: 'a', value: { price: '1.00', tags: ['x'] } }),
    );
    expect(result).toEqual({ what: 'product', expected: 2, differences: [] });
  });

  it('names what is missing, what is too much and which fields differ, and never a value', async () => {
    const expected = new Map([
      ['a', { price: '1.00', name: 'secret name' }],
      ['b', { price: '2.00' }],
    ]);
    const result = await compare(
      'product',
      expected,
      copy({ id: 'a', value: { price: '1.0', name: 'secret name', extra: 1 } }, { id: 'c', value: {} }),
    );
    expect(result.differences.map(describeDifference)).toEqual([
      'product a: extra, price differ',
      'product c: in the copy, not in the source',
      'product b: missing in the copy',
    ]);
  });
});
