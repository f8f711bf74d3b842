import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Addresses that are not on the public internet: whoever may write an endpoint's address must not reach services behind our firewall by it.
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; multicast by RFC 5771 and RFC 4291.
 */
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;
const SPECIAL_V6 = [
  ['::', 127],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const;

const v4 = new BlockList();
for (const [net, bits] of SPECIAL_V4) v4.addSubnet(net, bits, 'ipv4');
const v6 = new BlockList();
for (const [net, bits] of SPECIAL_V6) v6.addSubnet(net, bits, 'ipv6');

/** Why a connection was not even tried. */
export class AddressRefused extends Error {
  readonly code = 'PRIVATE_ADDRESS';
}

/** Whether an address (not a name) lies outside the public internet. */
export function isSpecialAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return v4.check(address, 'ipv4');
  return family !== 6 || v6.check(address, 'ipv6');
}

/** @throws AddressRefused when the host of an address is itself a special address; names are looked at when they are resolved */
export function checkHost(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/gu, '');
  if (isIP(host) !== 0 && isSpecialAddress(host)) throw new AddressRefused('the address is not public');
}

/**
 * Name resolution that gives public addresses only. The connection is made to what was checked, so a name that changes its mind between
 * check and use gains nothing.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '');
    if (addresses.length === 0 || addresses.some(({ address }) => isSpecialAddress(address)))
      return callback(new AddressRefused('the name leads to an address that is not public'), '');
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    return callback(null, first!.address, first!.family);
  });
};
