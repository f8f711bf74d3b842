import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import * as der from './der.ts';

/** A private key and its certificate, both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

const OID = {
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;
const DAY_MS = 86_400_000;
const VALID_DAYS = 365;
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/**
 * A fresh P-256 key with a certificate (RFC 5280) for localhost and 127.0.0.1, signed by itself and valid for a year. Nobody can check it
 * against anything: clients must be told to trust it.
 */
export function createSelfSigned(commonName: string, now: Date): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der.sequence(der.set(der.sequence(der.objectId(OID.commonName), der.utf8(commonName))));
  const algorithm = der.sequence(der.objectId(OID.ecdsaWithSha256));
  const body = der.sequence(
    der.context(0, true, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    name,
    der.sequence(der.time(new Date(now.getTime() - DAY_MS)), der.time(new Date(now.getTime() + VALID_DAYS * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, true, der.sequence(alternativeNames())),
  );
  const certificate = der.sequence(body, algorithm, der.bits(sign('sha256', body, privateKey)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert: pem(certificate) };
}

function alternativeNames(): Buffer {
  const names = der.sequence(
    der.context(DNS_NAME, false, Buffer.from('localhost', 'latin1')),
    der.context(IP_ADDRESS, false, Buffer.from([127, 0, 0, 1])),
  );
  return der.sequence(der.objectId(OID.subjectAltName), der.octets(names));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
