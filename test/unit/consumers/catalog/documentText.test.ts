import { describe, expect, it } from 'vitest';
import { documentText } from '#consumers/catalog/documentText.ts';

describe('documentText', () => {
  it('keeps every digit of a 64-bit number', () => {
    expect(documentText({ a: 5n, b: 9_007_199_254_740_993n })).toBe('{"a":5,"b":"9007199254740993"}');
  });
});
