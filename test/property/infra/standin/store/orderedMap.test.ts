import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bound, FIRST, isBefore, LAST, OrderedMap } from '#infra/standin/store/orderedMap.ts';

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u0000', '\u00ff'), maxLength: 4 });
const bound: fc.Arbitrary<Bound> = fc.record({ prefix: key, after: fc.boolean() });
const change = fc.record({ add: fc.boolean(), key });

function walk(map: OrderedMap<number>, from: Bound, to: Bound, reverse: boolean): string[] {
  const cursor = map.cursor(from, to, reverse);
  const keys: string[] = [];
  while (cursor.next()) keys.push(cursor.key);
  return keys;
}

test('an ordered map holds what a plain map holds, in order', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 600 }), bound, bound, (changes, from, to) => {
      const map = new OrderedMap<number>();
      const model = new Map<string, number>();
      changes.forEach((step, i) => {
        if (step.add) {
          map.set(step.key, i);
          model.set(step.key, i);
        } else expect(map.delete(step.key)).toBe(model.delete(step.key));
      });
      const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1));
      expect(map.size).toBe(keys.length);
      expect(walk(map, FIRST, LAST, false)).toEqual(keys);
      const inside = keys.filter((k) => !isBefore(k, from) && isBefore(k, to));
      expect(walk(map, from, to, false)).toEqual(inside);
      expect(walk(map, from, to, true)).toEqual(inside.reverse());
      for (const k of keys) expect(map.get(k)).toBe(model.get(k));
    }),
  );
});

test('a map of many keys stays in order while half of them go again', () => {
  const map = new OrderedMap<number>();
  const keyOf = (n: number): string => String((n * 7919) % 20_011).padStart(6, '0');
  for (let n = 0; n < 20_000; n++) map.set(keyOf(n), n);
  for (let n = 0; n < 20_000; n += 2) map.delete(keyOf(n));
  const left = Array.from({ length: 10_000 }, (_, i) => keyOf(2 * i + 1)).sort();
  expect(walk(map, FIRST, LAST, false)).toEqual(left);
  expect(walk(map, FIRST, LAST, true)).toEqual(left.reverse());
});

test('a cursor goes on in order while entries are added and removed around it', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 200 }),
      fc.array(change, { maxLength: 200 }),
      fc.boolean(),
      (start, steps, reverse) => {
        const map = new OrderedMap<number>();
        for (const k of start) map.set(k, 0);
        const cursor = map.cursor(FIRST, LAST, reverse);
        const seen: string[] = [];
        const untouched = new Set(start.filter((k) => steps.every((step) => step.key !== k)));
        for (let i = 0; cursor.next(); i++) {
          seen.push(cursor.key);
          const step = steps[i];
          if (step?.add) map.set(step.key, i);
          else if (step) map.delete(step.key);
        }
        const sorted = [...seen].sort((a, b) => (a < b ? -1 : 1));
        expect(seen).toEqual(reverse ? sorted.reverse() : sorted);
        for (const k of untouched) expect(seen).toContain(k);
      },
    ),
  );
});
