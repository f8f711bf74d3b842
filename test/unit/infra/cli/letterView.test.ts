import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import type { ListedLetter } from '#consumers/runner/letterReader.ts';
import { hasKey, lettersSummary, lettersTable, letterText, letterView } from '#infra/cli/letterView.ts';
import { operatorName } from '#infra/runtime/config/operatorName.ts';

const letter = (changes: Partial<ListedLetter> = {}): ListedLetter => ({
  groupId: 'shop.rows',
  topic: 'shop.SHOP.dbo.ORD',
  partition: 1,
  offset: 2n,
  id: '0123456789ab',
  code: 'RECORD_UNREADABLE',
  message: 'bad',
  attempts: 3,
  firstAt: '2026-01-01T03:00:00.000Z',
  lastAt: '2026-01-02T03:00:00.000Z',
  position: null,
  key: null,
  rows: [],
  at: { partition: 0, offset: 9n },
  ...changes,
});
/** Knows one key. */
const decoder = {
  decode: async (bytes: Buffer): Promise<unknown> => {
    if (bytes.equals(Buffer.from([0, 1]))) return { ID: 7n, PLACE: 'A ' };
    throw new Error('not in the wire format');
  },
};
const viewOf = (key: Buffer | null) => letterView(letter({ key }), decoder);

test('keys are columns, the JSON or text of a mark, or bytes', async () => {
  const keys = [Buffer.from([0, 1]), Buffer.from('{"ID":"x"}'), Buffer.from('plain'), Buffer.from([0, 255]), null];
  const views = await Promise.all(keys.map(viewOf));
  expect(views.map(({ key }) => key)).toEqual([{ ID: 7n, PLACE: 'A ' }, { ID: 'x' }, 'plain', '0x00ff', null]);
  expect(views.map(({ keyBytes }) => keyBytes)).toEqual(keys.map((key) => key?.toString('base64') ?? null));
  const [decoded, mark, plain, , none] = views as [(typeof views)[0], ...typeof views];
  expect(hasKey(decoded, new Map([['ID', '7']]))).toBe(true);
  expect(
    hasKey(
      decoded,
      new Map([
        ['ID', '7'],
        ['PLACE', 'A'],
      ]),
    ),
  ).toBe(true);
  expect(hasKey(decoded, new Map([['ID', '8']]))).toBe(false);
  expect(hasKey(decoded, new Map([['OTHER', 'undefined']]))).toBe(false);
  expect([mark!, plain!, none!].map((view) => hasKey(view, new Map([['ID', 'x']])))).toEqual([true, false, false]);
});

test('what a record or a function says cannot steer the terminal or break a line', async () => {
  const view = await letterView(
    letter({
      key: Buffer.from('{"ID":"\\u001b[2J"}'),
      message: 'one\n\u001b[31mtwo',
      rows: [{ alias: 'root', table: 'dbo.ORD', key: '{"A":"\u0007"}', position: '0' }],
    }),
    decoder,
  );
  const text = `${lettersTable([view])}\n${letterText(view)}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  expect(lettersTable([view]).split('\n')).toHaveLength(2);
  expect(letterText(view)).toMatch(/^attempts +3, first 2026-01-01T03:00:00\.000Z, last 2026-01-02T03:00:00\.000Z$/m);
});

test('a summary counts letters by code, the most first', () => {
  expect(lettersSummary([{ code: 'A' }, { code: 'B' }, { code: 'B' }])).toBe('3 dead letters: B 2, A 1');
  expect(lettersSummary([{ code: 'A' }])).toBe('1 dead letter: A 1');
});

test('an operator is the account and the machine, and with sudo the person behind it', () => {
  expect(operatorName({ SUDO_USER: 'ann' })).toBe(`ann@${hostname()}`);
  expect(operatorName({})).toMatch(new RegExp(`^\\S.*@${hostname()}$`));
});
