import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type CommandServer, startCommandServer } from '#test/support/commandServer.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { besideClients, cachedFor, fetching, requireOnPath, runProgram, Unavailable } from './foreignProgram.ts';

const ZEEP = 'zeep==4.3.3';

/** Python's zeep in a folder of its own; throws Unavailable where it cannot be had. */
async function prepareZeep(): Promise<string> {
  requireOnPath('python3', 'install Python 3.9 or newer with pip');
  return cachedFor('zeep-4.3.3', [], (staging) =>
    fetching('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', staging, ZEEP]),
  );
}

interface Outcome {
  readonly call: string;
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly fault?: { readonly code: string; readonly detail: Readonly<Record<string, string>> };
}

describe('a SOAP client that another stack makes from the WSDL (Python, zeep)', { timeout: 60_000 }, () => {
  let packages: string | undefined;
  let missing = '';
  let shop: CommandShop;
  let server: CommandServer;
  const certificate = join(tempFolder(), 'ca.pem');

  beforeAll(async () => {
    try {
      packages = await prepareZeep();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
      return;
    }
    shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
    server = await startCommandServer(shop, true);
    writeFileSync(certificate, server.certificate!);
  }, 300_000);

  afterAll(async () => {
    await server?.close();
    await shop?.close();
  });

  it.for(['1.1', '1.2'])(
    'places an order over TLS in SOAP %s, is given its answer again, and reads faults',
    async (version, ctx) => {
      if (packages === undefined) return ctx.skip(missing);
      const { kettle, customer, currency } = shop.goods;
      const before = (await shop.counts())['orders']!;
      const order = {
        customerId: customer,
        currency,
        lines: [{ sku: kettle.sku, quantity: 2, unitPrice: kettle.price }],
        total: '19.98',
      };
      const { code, stdout, stderr } = await runProgram(
        { command: 'python3', args: [besideClients('python', 'zeep_program.py')], env: { PYTHONPATH: packages } },
        [`${server.url}/soap?wsdl`, certificate, server.caller, server.key, version, JSON.stringify(order)],
      );
      expect([code, stderr]).toEqual([0, '']);
      const outcomes = new Map(
        stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Outcome)
          .map((outcome) => [outcome.call, outcome]),
      );
      const accepted = outcomes.get('accept')?.answer;
      expect(accepted).toMatchObject({ status: 'accepted', total: '19.9800', lineCount: 1, replayed: false });
      expect(outcomes.get('again')?.answer).toEqual({ ...accepted, replayed: true });
      expect((await shop.counts())['orders']).toBe(before + 1);
      expect(outcomes.get('total')?.fault?.detail).toMatchObject({ code: 'total-differs', status: '422' });
      expect(outcomes.get('invalid')?.fault?.detail).toMatchObject({ code: 'validation', status: '422' });
      expect(outcomes.get('stock')?.answer).toMatchObject({ items: [{ sku: kettle.sku, onHand: 100 }] });
      expect(outcomes.get('stranger')?.fault).toMatchObject({ detail: { code: 'unauthenticated' } });
      expect(outcomes.get('stranger')?.fault?.code).toContain(version === '1.1' ? 'FailedAuthentication' : 'Sender');
    },
  );
});
