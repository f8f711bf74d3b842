import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, parseStrictJson } from '#connectors/commands/http/strictJson.ts';
import { HttpProblem } from '#infra/runtime/http/problem.ts';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text));

function faultOf(text: string | Buffer): { pointer?: string | undefined; status: number } {
  try {
    parseStrictJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof HttpProblem) return { status: error.kind.status, pointer: error.options.errors?.[0]?.pointer };
  }
  throw new Error('should have been refused');
}

describe('strict JSON', () => {
  it('gives what JSON.parse gives for every value without names that stand twice', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, layout) => {
        const text = JSON.stringify(value, undefined, layout);
        fc.pre(!text.includes('__proto__'));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a name that stands twice in one object, wherever and however it is spelt', () => {
    expect(faultOf('{"a":1,"a":2}')).toEqual({ status: 400, pointer: '/a' });
    expect(faultOf('{"a":1, "\\u0061" : 2}')).toEqual({ status: 400, pointer: '/a' });
    expect(faultOf('{"lines":[{"x":1},{"b":{"c/d":1,"c/d":1}}]}')).toEqual({ status: 400, pointer: '/lines/1/b/c~1d' });
    expect(parse('[{"a":1},{"a":"a"},{"b":{"a":"b"},"a":[]}]')).toHaveLength(3);
  });

  it('is not misled by quotes, brackets and colons in strings', () => {
    expect(parse('{"a":"\\"b\\":{[","b":"\\\\","c":"a\\":"}')).toEqual({ a: '"b":{[', b: '\\', c: 'a":' });
    expect(faultOf('{"a":"\\\\","a":1}').pointer).toBe('/a');
  });

  it('goes so deep and no deeper', () => {
    expect(parse('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).toBeDefined();
    expect(faultOf('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1)).status).toBe(400);
  });

  it.each(['', '{', "{'a':1}", '{"a":1,}', 'NaN', '{"a":01}', '\ufeff{}', '{"__proto__":1}', '{"a":{"__proto__":{}}}'])(
    'refuses %j',
    (text) => {
      expect(faultOf(text).status).toBe(400);
    },
  );

  it('refuses bytes that are no UTF-8, overlong forms and surrogates among them', () => {
    for (const bytes of [
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xf8, 0x88, 0x80, 0x80, 0x22],
    ])
      expect(faultOf(Buffer.from(bytes)).status).toBe(400);
  });
});
