import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { auditTopic } from '#consumers/runner/auditLog.ts';
import { listLetters } from '#consumers/runner/letterReader.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { POISON_NAME } from '#test/support/consumers/shopTables.ts';
import { eventually } from '#test/support/eventually.ts';
import { sluice } from '#test/support/sluice.ts';

const CONFIG = fileURLToPath(new URL('../../support/configs/letters.config.ts', import.meta.url));
/** Stands in the rows; no list and no audit may show it. */
const PRIVATE = 'a customer said so';
const BROKEN = Buffer.from(`not from the registry: ${PRIVATE}`);
const LATER = '2199-01-01T00:00:00Z';

let shop: TestShop;
let running: RunningConsumers;

const dlq = async (...args: string[]) => {
  const stack = inject('stack');
  const { code, stdout, stderr } = await sluice(['dlq', ...args, '--config', CONFIG], {
    SLUICE_KAFKA_BROKERS: stack.kafka!.brokers.join(','),
    SLUICE_REGISTRY_URL: stack.registry!.url,
    LETTERS_ID: shop.id,
    SUDO_USER: 'night-shift',
  });
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
};
const idOf = async (errorCode: string): Promise<string> =>
  (await listLetters(shop.kafka, shop.id, { code: errorCode }))[0]!.id;

beforeAll(async () => {
  shop = await new TestShop(inject('stack')).open();
  const row = { LONG_DESC: PRIVATE, CAT: 'AAA ', VAT: 'S', PRICE: '1.00', SEQ: 1n, LIVE: 'Y' };
  await shop.feed.put('dbo.PRODUCT', [{ ...row, CODE: 'P00001    ', NAME: POISON_NAME }], { op: 'r' });
  const producer = await shop.kafka.producer();
  await producer.send(shop.feed.topic('dbo.PRODUCT'), 0, [{ key: Buffer.from('\u001b[2Jkey'), value: BROKEN }]);
  await producer.close();
  running = await shop.start();
  await eventually(
    async () =>
      expect((await listLetters(shop.kafka, shop.id, {})).map((letter) => letter.code).sort()).toEqual([
        'PROJECTION_FAILED',
        expect.any(String),
      ]),
    { timeoutMs: 40_000 },
  );
});
afterAll(async () => {
  await running?.stop();
  await shop?.close();
});

describe('sluice dlq', () => {
  it('lists what could not be handled, with key, error and times, without a row', async () => {
    const [text, json] = await Promise.all([dlq('list'), dlq('list', '--json')]);
    expect([text.code, json.code]).toEqual([4, 4]);
    expect(text.stdout).toMatch(/id +group +record +key +code +attempts +first tried +last tried +reason/);
    expect(text.stdout).toContain('{"CODE":"P00001    "}');
    expect(text.stdout).toMatch(/^2 dead letters: .*PROJECTION_FAILED 1/m);
    expect(text.stdout).not.toContain('\u001b');
    expect(text.stdout + json.stdout).not.toContain(PRIVATE);
    const letters = json.json() as Record<string, unknown>[];
    expect(letters.find((letter) => letter['code'] === 'PROJECTION_FAILED')).toMatchObject({
      key: { CODE: 'P00001    ' },
      keyBytes: expect.any(String),
      attempts: 1,
      rows: [{ alias: 'root', table: 'dbo.PRODUCT', position: expect.stringMatching(/^\d{49}$/) }],
    });
  }, 60_000);

  it('narrows by key, attempts and time', async () => {
    const ids = async (...args: string[]): Promise<string[]> =>
      ((await dlq('list', '--json', ...args)).json() as { id: string }[]).map(({ id }) => id);
    const [byKey, otherKey, often, until] = await Promise.all([
      ids('--key', '{"CODE":"P00001"}', '--attempts', '1', '--since', '2020-01-01T00:00:00Z', '--until', LATER),
      ids('--key', '{"CODE":"P00002"}'),
      ids('--attempts', '2'),
      ids('--until', '2020-01-01T00:00:00Z'),
    ]);
    expect(byKey).toEqual([await idOf('PROJECTION_FAILED')]);
    expect([otherKey, often, until]).toEqual([[], [], []]);
  }, 60_000);

  it('shows one letter with advice, and in JSON every byte of its record', async () => {
    const all = await listLetters(shop.kafka, shop.id, {});
    const broken = all.find((letter) => letter.code !== 'PROJECTION_FAILED')!;
    const projected = all.find((letter) => letter.code === 'PROJECTION_FAILED')!;
    const [text, json] = await Promise.all([dlq('show', projected.id), dlq('show', broken.id, '--json')]);
    expect(text.stdout).toContain(`sluice dlq redeliver ${projected.id}`);
    expect(text.stdout).toMatch(/^row +root: dbo\.PRODUCT \{"CODE":"P00001 {4}"\} at \d{49}$/m);
    expect(text.stdout).toMatch(/^advice +\S+/m);
    const { record, hint, offset } = json.json();
    expect(Buffer.from(record.valueBytes, 'base64')).toEqual(BROKEN);
    expect(Buffer.from(record.keyBytes, 'base64').toString()).toBe('\u001b[2Jkey');
    expect(record.value).toEqual({ undecoded: expect.stringContaining('SCHEMA_BAD_RECORD'), bytes: BROKEN.length });
    expect([typeof hint, offset]).toEqual(['string', String(broken.offset)]);
    expect(JSON.stringify(record.value)).not.toContain(PRIVATE);
  }, 60_000);

  it('does nothing until it is told to, and then keeps who did what and when', async () => {
    const id = await idOf('PROJECTION_FAILED');
    const started = new Date().toISOString();
    const [dry, dryJson] = await Promise.all([
      dlq('discard', id, '--reason', 'never sold'),
      dlq('redeliver', '--key', '{"CODE":"P00001"}', '--json'),
    ]);
    expect(dry.stdout).toContain('dry run, nothing was done: would discard 1; add --execute to do it');
    expect(dryJson.json()).toMatchObject({ action: 'redeliver', dryRun: true, letters: [{ id, attempts: 1 }] });
    expect(await listLetters(shop.kafka, shop.id, {})).toHaveLength(2);

    const back = await dlq('redeliver', id, '--json', '--execute');
    expect(back.code).toBe(4);
    expect(back.json()).toMatchObject({ dryRun: false, letters: [{ id, outcome: 'came back' }] });
    const gone = await dlq('discard', id, '--reason', 'never sold', '--execute');
    expect(gone.stdout).toContain(`kept in topic ${auditTopic(shop.id)} as done by night-shift@${hostname()}`);
    expect((await listLetters(shop.kafka, shop.id, {})).map((letter) => letter.id)).not.toContain(id);

    const audit: string[] = [];
    await shop.kafka.readTopic({
      topic: auditTopic(shop.id),
      from: 'beginning',
      onBatch: ({ messages }) => void audit.push(...messages.map(({ value }) => String(value))),
    });
    const entries = audit.map((entry) => JSON.parse(entry));
    const by = `night-shift@${hostname()}`;
    expect(entries).toMatchObject([
      { action: 'redeliver', by, reason: null, letters: [{ id, code: 'PROJECTION_FAILED', attempts: 1 }] },
      { action: 'discard', by, reason: 'never sold', letters: [{ id, attempts: 2 }] },
    ]);
    for (const { at } of entries) expect(at >= started).toBe(true);
    expect(audit.join()).not.toContain(PRIVATE);
    expect((await dlq('discard', '--reason', 'x', '--execute')).stderr).toContain('DEAD_LETTER_UNKNOWN');
  }, 120_000);
});
