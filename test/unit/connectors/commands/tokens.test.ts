import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callerOfCertificate } from '#connectors/commands/callers/certificates.ts';
import { TokenVerifier } from '#connectors/commands/callers/jwt.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { TokenIssuer } from '#test/support/tokenIssuer.ts';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';

let issuer: TokenIssuer;
let keys: TestKeys;
let verifier: TokenVerifier;

const verifierOf = (more: object = {}, now?: () => number): TokenVerifier =>
  new TokenVerifier(
    [
      {
        name: 'login',
        issuer: issuer.issuer,
        audience: issuer.audience,
        jwksUrl: issuer.jwksUrl,
        algorithms: ['ES256'],
        clockToleranceSeconds: 30,
        maxAgeSeconds: 3600,
        callerClaim: 'sub',
        scopeClaim: 'scope',
        customerClaim: 'customer',
        customerRequired: true,
        ...more,
      },
    ],
    silentLogger,
    now,
  );

beforeAll(async () => {
  issuer = await TokenIssuer.start();
  keys = await testKeys();
});

afterAll(() => issuer.stop());

beforeEach(() => {
  issuer.isSilent = false;
  verifier = verifierOf();
});

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it('names its caller, the scopes that are ours, and the customer', async () => {
    expect(await verifier.verify(await issuer.sign())).toEqual({
      id: 'login:shopper-7',
      scopes: ['orders:write', 'orders:read'],
      customer: '17',
      credential: { kind: 'jwt', name: 'login' },
    });
  });

  it('proves nothing when issuer, audience, time or form are wrong', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const bad = await Promise.all([
      issuer.sign({ claims: { iss: 'https://other.example' } }),
      issuer.sign({ claims: { aud: 'another-api' } }),
      issuer.sign({ expires: nowSeconds - 31 }),
      issuer.sign({ issued: nowSeconds - 4000 }),
      issuer.sign({ issued: nowSeconds + 120 }),
      issuer.sign({ claims: { nbf: nowSeconds + 120 } }),
      issuer.sign({ claims: { sub: '' } }),
      issuer.sign({ claims: { customer: '17 OR 1=1' } }),
      issuer.sign({ claims: { customer: undefined } }),
      'a.b.c',
      '',
    ]);
    for (const token of bad) expect(await verifier.verify(token), token).toBeNull();
  });

  it('may be off by the tolerance of the clocks', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    expect(await verifier.verify(await issuer.sign({ expires: nowSeconds - 10 }))).not.toBeNull();
    expect(await verifier.verify(await issuer.sign({ issued: nowSeconds + 10 }))).not.toBeNull();
  });

  it('is refused without a signature, with a shared secret made of the public key, and with another algorithm', async () => {
    const [, payload = '', signature = ''] = (await issuer.sign()).split('.');
    const [publicKey] = (await issuer.jwks()).keys;
    const unsigned = `${base64({ alg: 'none' })}.${payload}.`;
    const header = base64({ alg: 'HS256', kid: 'k1' });
    const hmac = createHmac('sha256', JSON.stringify(publicKey)).update(`${header}.${payload}`).digest('base64url');
    const changed = `${base64({ alg: 'ES256', kid: 'k1' })}.${payload.slice(0, -2)}AA.${signature}`;
    for (const token of [unsigned, `${header}.${payload}.${hmac}`, changed])
      expect(await verifier.verify(token)).toBeNull();
    expect(await verifierOf({ algorithms: ['RS256'] }).verify(await issuer.sign())).toBeNull();
  });

  it('of a long or strange name has its hash for an id, so that names never meet', async () => {
    const names = ['x'.repeat(200), 'Jürgen', 'sha-x', 'a b'];
    const callers = await Promise.all(
      names.map(async (sub) => verifier.verify(await issuer.sign({ claims: { sub } }))),
    );
    for (const caller of callers) expect(caller?.id).toMatch(/^login:sha-[0-9a-f]{40}$/);
    expect(new Set(callers.map((caller) => caller?.id)).size).toBe(names.length);
  });
});

describe("an issuer's keys", () => {
  it('are asked for once for many tokens, and again when a new key signs', async () => {
    let nowMs = Date.now();
    const patient = verifierOf({}, () => nowMs);
    const asked = issuer.asked;
    for (let i = 0; i < 5; i++) expect(await patient.verify(await issuer.sign())).not.toBeNull();
    expect(issuer.asked).toBe(asked + 1);
    await issuer.addKey('k2');
    nowMs += 0;
    const fresh = verifierOf();
    expect(await fresh.verify(await issuer.sign({ kid: 'k2' }))).not.toBeNull();
    expect(await fresh.verify(await issuer.sign({ kid: 'k1' }))).not.toBeNull();
  });

  it('are not asked for again and again because somebody makes ids up', async () => {
    await verifier.verify(await issuer.sign());
    const asked = issuer.asked;
    for (let i = 0; i < 5; i++)
      expect(await verifier.verify(await issuer.sign({ header: { kid: `made-up-${i}` } }))).toBeNull();
    expect(issuer.asked).toBe(asked);
  });

  it('that cannot be had leave the caller unproven, which is another thing than refused, and are not stormed', async () => {
    issuer.isSilent = true;
    const asked = issuer.asked;
    const token = await issuer.sign();
    for (let i = 0; i < 5; i++)
      expect(hasCode(await verifier.verify(token).catch((e: unknown) => e), 'TOKEN_UNPROVEN')).toBe(true);
    expect(issuer.asked).toBe(asked + 1);
    const door = new CommandHarness(keys, { tokens: verifier });
    const answer = await door.post({ key: token });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'caller-unproven']);
  });
});

describe("a customer's token", () => {
  it('acts for its own customer and for nobody else', async () => {
    const door = new CommandHarness(keys, { tokens: verifier });
    const all = 'orders:write orders:cancel orders:change orders:read customers:write stock:reserve stock:read';
    const own = await issuer.sign({ claims: { scope: all } });
    const other = await issuer.sign({ claims: { scope: all, customer: '18' } });
    expect((await door.post({ key: own })).statusCode).toBe(201);
    const refused = await door.post({ key: other });
    expect([refused.statusCode, refused.json().code, refused.json().errors[0].pointer]).toEqual([
      403,
      'forbidden',
      '/customerId',
    ]);
    const cancel = { url: '/orders/5/cancel', body: { customerId: '17' } };
    expect((await door.post({ key: own, ...cancel })).statusCode).toBe(200);
    expect((await door.post({ key: other, ...cancel })).statusCode).toBe(403);
    expect((await door.get('/orders/5?customerId=17', own)).statusCode).toBe(200);
    expect((await door.get('/orders/5?customerId=17', other)).json().errors[0].pointer).toBe('query:/customerId');
    expect((await door.get('/live-stock?skus=AB1234', other)).statusCode).toBe(200);
    const register = { url: '/customers', body: {} };
    expect((await door.post({ key: own, ...register })).statusCode).toBe(403);
    expect(door.gateway.calls).toHaveLength(2);
  });

  it('is checked for each command of a batch', async () => {
    const door = new CommandHarness(keys, { tokens: verifier });
    const key = await issuer.sign();
    const commands = ['17', '18'].map((customerId, i) => ({
      command: 'AcceptOrder',
      idempotencyKey: `b${i}`,
      body: { ...ORDER, customerId },
    }));
    const answer = await door.post({ key, url: '/batches', body: { commands }, idempotencyKey: null });
    expect(answer.json().results.map((item: { status: number }) => item.status)).toEqual([201, 403]);
  });
});

describe('a client certificate', () => {
  const fingerprint256 = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':');
  const certificate = {
    fingerprint256,
    subjectaltname: 'DNS:till-7.example, URI:spiffe://shop/till',
    subject: { CN: 'till-7' } as never,
  };
  const known = (match: object) =>
    callerOfCertificate(certificate, [{ id: 'till', scopes: ['orders:write'], match: match as never }]);

  it.each([
    { fingerprint256: fingerprint256.replaceAll(':', '').toLowerCase() },
    { subjectAltName: 'URI:spiffe://shop/till' },
    { commonName: 'till-7' },
  ])('is known by %o', (match) => {
    expect(known(match)?.id).toBe('till');
  });

  it.each([
    { fingerprint256: '00'.repeat(32) },
    { subjectAltName: 'DNS:till' },
    { subjectAltName: 'till-7.example' },
    { commonName: 'till-70' },
  ])('is not known by %o', (match) => {
    expect(known(match)).toBeNull();
  });

  it('whose names could be read two ways proves none of them', () => {
    const tricky = { ...certificate, subjectaltname: 'DNS:"a, DNS:till-7.example"' };
    expect(
      callerOfCertificate(tricky, [{ id: 'till', scopes: [], match: { subjectAltName: 'DNS:till-7.example' } }]),
    ).toBeNull();
  });
});
