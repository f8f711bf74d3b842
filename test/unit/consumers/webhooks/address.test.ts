import { describe, expect, it } from 'vitest';
import { AddressRefused, checkHost, isSpecialAddress, publicLookup } from '#consumers/webhooks/address.ts';

describe('addresses that webhooks are not sent to', () => {
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    'localhost',
  ])('are %s', (address) => {
    expect(isSpecialAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])('are not %s', (address) => {
    expect(isSpecialAddress(address)).toBe(false);
  });

  it.each(['http://127.0.0.1/', 'http://[::1]/', 'http://2130706433/', 'http://0x7f.1/', 'http://127.1:80/'])(
    'are found however %s is written',
    (url) => {
      expect(() => checkHost(new URL(url))).toThrow(AddressRefused);
    },
  );

  it('are found behind names', async () => {
    const error = await new Promise((resolve) => publicLookup('localhost', { all: true }, (found) => resolve(found)));
    expect(error).toBeInstanceOf(AddressRefused);
  });
});
