import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLogin7 } from '#infra/standin/tds/login7.ts';
import {
  agreeOnEncryption,
  ENCRYPTION,
  encryptionWish,
  readPrelogin,
  writePrelogin,
} from '#infra/standin/tds/prelogin.ts';
import { ProtocolError } from '#infra/standin/tds/protocol.ts';
import { loginBody } from './rawClient.ts';

describe('prelogin', () => {
  it('reads back what it writes', () => {
    const options = readPrelogin(writePrelogin(ENCRYPTION.on, new Map([[6, Buffer.of(1)]])));
    expect(encryptionWish(options)).toBe(ENCRYPTION.on);
    expect(options.get(0)!.toString('hex')).toBe('100010450000');
    expect(options.get(6)).toEqual(Buffer.of(0));
  });

  it('answers federated authentication only where asked', () => {
    expect(readPrelogin(writePrelogin(ENCRYPTION.off, new Map())).has(6)).toBe(false);
  });

  it('never fails but with a protocol error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) =>
        onlyProtocolErrors(() => readPrelogin(Buffer.from(bytes))),
      ),
    );
  });

  const { off, on, notSupported, required } = ENCRYPTION;
  it.each([
    [off, 'off', notSupported, 'none', false],
    [on, 'off', notSupported, 'none', false],
    [off, 'on', off, 'login', false],
    [on, 'on', on, 'all', false],
    [notSupported, 'on', notSupported, 'none', false],
    [required, 'on', on, 'all', false],
    [off, 'required', required, 'all', false],
    [on, 'required', on, 'all', false],
    [notSupported, 'required', required, 'none', true],
  ] as const)('settles encryption: client %i, server %s → %i, %s', (wish, mode, answer, tls, refused) => {
    expect(agreeOnEncryption(wish, mode)).toEqual({ answer, tls, refused });
  });
});

describe('login', () => {
  it('reads names, the scrambled password and the features', () => {
    const login = readLogin7(loginBody({ user: 'sa', password: 'Pä$$€ 1', database: 'EPOS', features: [0x0a, 0x04] }));
    expect(login).toMatchObject({ user: 'sa', password: 'Pä$$€ 1', database: 'EPOS', packetBytes: 8000 });
    expect(login).toMatchObject({ features: [0x0a, 0x04], integrated: false, changesPassword: false });
  });

  it('never fails but with a protocol error', () => {
    const body = loginBody({ user: 'sa', password: 'x', database: 'EPOS', features: [0x0a] });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255))), fc.nat(body.length), (changes, length) => {
        const bad = Buffer.from(body.subarray(0, length));
        for (const [at, byte] of changes) if (at < bad.length) bad[at] = byte;
        onlyProtocolErrors(() => readLogin7(bad));
      }),
    );
  });
});

function onlyProtocolErrors(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}
