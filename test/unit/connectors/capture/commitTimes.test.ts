import { describe, expect, test } from 'vitest';
import { commitTimeOf } from '#connectors/capture/commitTimeOf.ts';
import { CommitTimes } from '#connectors/capture/commitTimes.ts';
import { sourceZone } from '#connectors/capture/sourceZone.ts';
import type { ArrayRow, Queryable } from '#connectors/sqlserver/connection.ts';
import { lsnToBuffer } from '#connectors/sqlserver/lsn.ts';
import type { SqlParams } from '#connectors/sqlserver/params.ts';
import { COMMIT_TIME_FROM, COMMIT_TIMES, SERVER_FACTS, SERVER_TIME_ZONE } from '#connectors/sqlserver/queries.ts';
import { at } from '#test/unit/connectors/publish/publishFixture.ts';

const signal = new AbortController().signal;
const WINTER = new Date('2026-01-15T12:00:00Z');
const SUMMER = new Date('2026-07-15T12:00:00Z');

/** A server that answers with these rows and notes what it was asked. */
function server(answers: Readonly<Record<string, readonly ArrayRow[]>>) {
  const asked: { text: string; params: SqlParams }[] = [];
  const rows = async (text: string, params: SqlParams = {}): Promise<ArrayRow[]> => {
    asked.push({ text, params });
    return [...(answers[text] ?? [])];
  };
  return { asked, db: { rows } as unknown as Queryable };
}

describe("the server's time zone", () => {
  const zoneOf = async (facts: ArrayRow, configured: string | null = null) => {
    const { asked, db } = server({ [SERVER_FACTS]: [facts], [SERVER_TIME_ZONE]: [['Central European Standard Time']] });
    const zone = sourceZone(db, configured, signal);
    return { zone: await zone(), again: await zone(), asked: asked.map((a) => a.text) };
  };

  test('is asked once of a server that knows it', async () => {
    expect(await zoneOf([16, 3])).toEqual({
      zone: 'Central European Standard Time',
      again: 'Central European Standard Time',
      asked: [SERVER_FACTS, SERVER_TIME_ZONE],
    });
    expect((await zoneOf([12, 5])).zone).toBe('Central European Standard Time');
  });

  test('of an older server is only known from the configuration', async () => {
    expect(await zoneOf([15, 3])).toMatchObject({ zone: null, asked: [SERVER_FACTS] });
    expect(await zoneOf([15, 3], 'GMT Standard Time')).toMatchObject({ zone: 'GMT Standard Time', asked: [] });
  });
});

describe('commit times', () => {
  const now = () => Date.parse('2026-07-20T00:00:00Z');
  const row = (n: number, local: Date, offset: number | null): ArrayRow => [lsnToBuffer(at(n)), local, offset];
  const times = (rows: ArrayRow[], zone: string | null, nowMs = now) => {
    const { asked, db } = server({ [COMMIT_TIMES]: rows });
    return { asked, times: new CommitTimes(db, at(1), at(9), { zone, utcOffsetMinutes: 120, now: nowMs }, signal) };
  };

  test('count with the offset that the server had at that time, not with the one it has now', async () => {
    const { asked, times: read } = times([row(1, WINTER, 60), row(2, SUMMER, 120)], 'Central European Standard Time');
    expect(await read.timeOf(at(1))).toBe(WINTER.getTime() - 60 * 60_000);
    expect(await read.timeOf(at(2))).toBe(SUMMER.getTime() - 120 * 60_000);
    expect(asked[0]!.params['zone']!.value).toBe('Central European Standard Time');
  });

  test('count with the present offset where the zone is not known', async () => {
    const { asked, times: read } = times([row(1, WINTER, null)], null);
    expect(await read.timeOf(at(1))).toBe(WINTER.getTime() - 120 * 60_000);
    expect(asked[0]!.params['zone']!.value).toBeNull();
  });

  test('never lie in the future: in the hour that comes twice the present offset decides', async () => {
    // 02:30 on the night of the change, first time round: still summer time, which the zone alone cannot tell.
    const local = new Date('2026-10-25T02:30:00Z');
    const first = () => Date.parse('2026-10-25T00:30:10Z');
    const { times: read } = times([row(1, local, 60)], 'Central European Standard Time', first);
    expect(await read.timeOf(at(1))).toBe(Date.parse('2026-10-25T00:30:00Z'));
  });

  test('are found one by one in the same way', async () => {
    const { db } = server({ [COMMIT_TIME_FROM]: [row(5, WINTER, 60)] });
    const reading = { zone: async () => 'Central European Standard Time', utcOffsetMinutes: () => 120, now };
    const timeOf = commitTimeOf(db, reading, signal);
    expect(await timeOf(at(5), 'exactly')).toBe(WINTER.getTime() - 60 * 60_000);
    expect(await timeOf(at(4), 'exactly')).toBeNull();
    expect(await timeOf(at(4), 'first at or after')).toBe(WINTER.getTime() - 60 * 60_000);
  });
});
