import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';

const server = createSelfSigned('api', new Date());
/** A certificate that signs itself stands in our list of authorities: as good as one that an authority of ours has signed. */
const till = createSelfSigned('till-7', new Date());
const stranger = createSelfSigned('till-7', new Date());

let keys: TestKeys;
let door: CommandHarness | undefined;

async function open(requireClientCertificate: boolean): Promise<CommandHarness> {
  door = new CommandHarness(keys, {
    tls: { key: server.key, cert: server.cert, ca: till.cert, requireClientCertificate },
    certificates: [{ id: 'till', scopes: ['orders:write'], customer: '17', match: { commonName: 'till-7' } }],
  });
  await door.app.listen({ host: '127.0.0.1', port: 0 });
  return door;
}

interface Sent {
  readonly certificate?: { readonly key: string; readonly cert: string };
  readonly authorization?: string;
  readonly customerId?: string;
}

/** The status of an order, or the word of the connection that was not made. */
function order({ certificate, authorization, customerId = '17' }: Sent): Promise<number | string> {
  const { port } = door!.app.server.address() as AddressInfo;
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    ...(authorization && { authorization }),
  };
  return new Promise((resolve) => {
    const sent = request(
      {
        host: 'localhost',
        port,
        path: '/orders',
        method: 'POST',
        headers,
        ca: server.cert,
        agent: false,
        ...certificate,
      },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', () => resolve('no connection')).end(JSON.stringify({ ...ORDER, customerId }));
  });
}

beforeAll(async () => {
  keys = await testKeys();
});

afterEach(async () => {
  await door?.app.close();
  door = undefined;
});

describe('a client certificate over TLS', () => {
  it('is a credential: its caller may do what its entry says, and nothing for another customer', async () => {
    const { gateway } = await open(false);
    expect(await order({ certificate: till })).toBe(201);
    expect(gateway.calls[0]?.caller).toBe('till');
    expect(await order({ certificate: till, customerId: '18' })).toBe(403);
  });

  it('that no authority of ours has signed is none, whatever name it bears', async () => {
    await open(false);
    expect(await order({ certificate: stranger })).toBe(401);
    expect(await order({})).toBe(401);
  });

  it('does not make a bad key good, and a good key needs none', async () => {
    await open(false);
    expect(await order({ certificate: till, authorization: 'Bearer slk_bad' })).toBe(401);
    expect(await order({ authorization: `Bearer ${keys.full}` })).toBe(201);
  });

  it('can be made a condition of every connection', async () => {
    await open(true);
    expect(await order({ authorization: `Bearer ${keys.full}` })).toBe('no connection');
    expect(await order({ certificate: stranger, authorization: `Bearer ${keys.full}` })).toBe('no connection');
    expect(await order({ certificate: till })).toBe(201);
  });
});
