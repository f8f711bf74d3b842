import { beforeAll, describe, expect, it } from 'vitest';
import { CommandHarness, type TestKeys, testKeys } from '../commandHarness.ts';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';

let keys: TestKeys;
beforeAll(async () => {
  keys = await testKeys();
});

function order(key: string, idempotencyKey = 'k-1'): string {
  return `<s:Envelope xmlns:s="${SOAP}" xmlns:c="urn:sluice:commands:1"><s:Header><w:Security xmlns:w="${WSSE}"><w:UsernameToken><w:Username>web</w:Username><w:Password>${key}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body><c:AcceptOrder><c:idempotencyKey>${idempotencyKey}</c:idempotencyKey><c:customerId>17</c:customerId><c:currency>GBP</c:currency><c:lines><c:sku>AB1234</c:sku><c:quantity>2</c:quantity><c:unitPrice>9.99</c:unitPrice></c:lines><c:total>19.98</c:total></c:AcceptOrder></s:Body></s:Envelope>`;
}

const post = (harness: CommandHarness, payload: string | Buffer, headers: Record<string, string> = {}) =>
  harness.app.inject({
    method: 'POST',
    url: '/soap',
    headers: { 'content-type': 'text/xml; charset=utf-8', accept: 'text/xml', soapaction: '"urn:other"', ...headers },
    payload,
  });

describe('the address of the SOAP door', () => {
  it('is the same command as over REST: one key takes effect once, whichever door it came by', async () => {
    const harness = new CommandHarness(keys, { soapRequiresTls: false });
    const soap = await post(harness, order(keys.full, 'shared'));
    expect([soap.statusCode, soap.headers['content-type']]).toEqual([200, 'text/xml; charset=utf-8']);
    const rest = await harness.post({ idempotencyKey: 'shared' });
    expect(rest.headers['idempotency-replayed']).toBe('true');
    expect(soap.body).toContain(`commandId>${rest.json().commandId}</`);
  });

  it('answers the WSDL, and nothing where the door is not served', async () => {
    const served = new CommandHarness(keys, { soapRequiresTls: true });
    const wsdl = await served.app.inject({ method: 'GET', url: '/soap?wsdl', headers: { accept: 'text/xml' } });
    expect([wsdl.statusCode, wsdl.body]).toEqual([200, expect.stringContaining('https://commands.example/soap')]);
    const closed = new CommandHarness(keys);
    expect((await post(closed, order(keys.full), { accept: '*/*' })).statusCode).toBe(404);
  });

  it('takes no password over plain HTTP', async () => {
    const harness = new CommandHarness(keys, { soapRequiresTls: true });
    const answer = await post(harness, order(keys.full));
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([403, 'text/xml; charset=utf-8']);
    expect(answer.body).toContain('<code>forbidden</code>');
    expect(answer.body).not.toContain(keys.full);
    expect(harness.gateway.calls).toEqual([]);
  });

  it('tells what it cannot take as a fault in the version it was asked in', async () => {
    const harness = new CommandHarness(keys, { soapRequiresTls: false });
    const large = await post(harness, `<a>${'x'.repeat(70_000)}</a>`);
    const zipped = await post(harness, order(keys.full), { 'content-encoding': 'gzip' });
    const latin = await post(harness, Buffer.from([0x3c, 0x61, 0xe9, 0x3e]), {
      'content-type': 'application/soap+xml',
    });
    const utf16 = await post(harness, order(keys.full), { 'content-type': 'text/xml; charset=utf-16' });
    const json = await post(harness, '{}', { 'content-type': 'application/json' });
    const bomb = await post(harness, '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>');
    expect([large, zipped, latin, utf16, json, bomb].map((answer) => answer.statusCode)).toEqual([
      413, 415, 400, 415, 415, 500,
    ]);
    expect(latin.headers['content-type']).toContain('application/soap+xml');
    expect(latin.body).toContain('http://www.w3.org/2003/05/soap-envelope');
    for (const answer of [large, zipped, latin, json, bomb]) expect(answer.body).toMatch(/<soap:Fault>.*<code>/);
    expect(harness.gateway.calls).toEqual([]);
  });

  it('says a refusal of the database with its facts, and an unknown password as WS-Security does', async () => {
    const harness = new CommandHarness(keys, { soapRequiresTls: false });
    const stranger = await post(harness, order(`${keys.full.slice(0, -1)}${keys.full.endsWith('A') ? 'B' : 'A'}`));
    expect([stranger.statusCode, stranger.body]).toEqual([401, expect.stringContaining('wsse:FailedAuthentication')]);
    const short = await post(harness, order(keys.full, ''));
    expect(short.body).toMatch(/<code>idempotency-key-(missing|malformed)</);
  });
});
