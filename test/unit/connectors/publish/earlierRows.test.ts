import { describe, expect, test } from 'vitest';
import { snapshotPosition } from '#connectors/capture/position.ts';
import type { ChangeEvent, EarlierRow } from '#connectors/capture/types.ts';
import { earlierRows } from '#connectors/publish/earlierRows.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { historyByKey, readHistory } from '#test/support/topicHistory.ts';
import {
  at,
  change,
  column,
  PRODUCT,
  PRODUCT_TOPIC,
  product,
  setUpPublisher,
  signal,
  stateAt,
  table,
} from './publishFixture.ts';

async function collected(pages: AsyncIterable<readonly EarlierRow[]>): Promise<EarlierRow[]> {
  const rows: EarlierRow[] = [];
  for await (const page of pages) rows.push(...page);
  return rows;
}

describe('looking for what a topic has from before a position', () => {
  const codes = Array.from({ length: 60 }, (_, i) => `P${String(i).padStart(2, '0')}`);

  test('gives the live keys whose newest record is older, with the row as it was published', async () => {
    const { opened } = setUpPublisher();
    const sink = await opened([PRODUCT]);
    const before = [
      ...codes.map((code, i) => product(i + 1, 'r', code, '1.0000', 'old')),
      product(101, 'u', 'P00', '2.0000', 'newer'),
      product(102, 'd', 'P01', null),
    ];
    const after = [product(201, 'u', 'P02', '3.0000'), product(202, 'd', 'P03', null), product(203, 'r', 'P04', null)];
    await sink.write([...before, ...after], stateAt(203), signal);
    const rows = await collected(sink.earlierRows(PRODUCT, snapshotPosition(at(200)), signal));
    expect(rows.map((r) => r.key['CODE']).sort()).toEqual(codes.filter((c) => !/P0[1-4]/.test(c)));
    expect(rows.find((r) => r.key['CODE'] === 'P00')!.row).toEqual({
      CODE: 'P00',
      PRICE: '2.0000',
      LONG_DESC: 'newer',
    });
  });

  test('goes through a partition several times when it has more keys than fit into memory', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([PRODUCT]);
    const twice = codes.flatMap((code, i) => [product(i, 'r', code, '1.0000'), product(100 + i, 'u', code, '2.0000')]);
    await sink.write(twice, stateAt(203), signal);
    const given = { kafka, decoder, topic: PRODUCT_TOPIC, table: PRODUCT, fits: () => true, log: silentLogger };
    const rows = await collected(earlierRows({ ...given, maxKeys: 3 }, snapshotPosition(at(500)), signal));
    expect(rows.map((r) => r.key['CODE']).sort()).toEqual(codes);
    expect(new Set(rows.map((r) => r.row!['PRICE']))).toEqual(new Set(['2.0000']));
  });

  test('finds nothing where records are not keyed by the primary key', async () => {
    const { opened } = setUpPublisher();
    const grouped = table([column('CODE', 1, 'char'), column('GROUP', 2, 'char')], { messageKey: ['GROUP'] });
    const sink = await opened([grouped]);
    await sink.write([change(grouped, 1, 'r', { CODE: 'A', GROUP: 'G' })], stateAt(1), signal);
    expect(await collected(sink.earlierRows(grouped, snapshotPosition(at(9)), signal))).toEqual([]);
  });
});

describe('a delete of what a topic has', () => {
  const deleted = (row: EarlierRow): ChangeEvent => ({
    ...product(300, 'd', '', null),
    before: row.row,
    changeLsn: null,
    asPublished: { recordKey: row.recordKey! },
  });

  test('is written under the key as it stands, with its tombstone', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([PRODUCT]);
    await sink.write([product(1, 'r', 'AB', '1.0000', 'oak')], stateAt(1), signal);
    const [row] = await collected(sink.earlierRows(PRODUCT, snapshotPosition(at(200)), signal));
    await sink.write([deleted(row!)], stateAt(300), signal);
    const [history] = [...historyByKey(await readHistory(kafka, decoder, PRODUCT_TOPIC)).values()];
    expect(history!.map((r) => r.envelope?.op ?? 'tombstone')).toEqual(['r', 'd', 'tombstone']);
    expect(history![1]!.envelope!.before).toEqual({ CODE: 'AB', PRICE: '1.0000', LONG_DESC: 'oak' });
    expect(await collected(sink.earlierRows(PRODUCT, snapshotPosition(at(400)), signal))).toEqual([]);
  });

  test('brings no row when the old one no longer fits the columns of the table', async () => {
    const { opened } = setUpPublisher();
    const older = table([column('CODE', 1, 'char')]);
    const sink = await opened([older]);
    await sink.write([change(older, 1, 'r', { CODE: 'A' })], stateAt(1), signal);
    const newer = table([column('CODE', 1, 'char'), column('STATUS', 2, 'char')]);
    await sink.adopt([newer], signal);
    const [row] = await collected(sink.earlierRows(newer, snapshotPosition(at(200)), signal));
    expect(row).toMatchObject({ key: { CODE: 'A' }, row: null });
  });
});
