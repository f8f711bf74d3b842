import type { PeerCertificate } from 'node:tls';
import type { Scope } from '../model/defineCommand.ts';
import type { Caller } from '../pipeline/caller.ts';

/** A client certificate that is known. Exactly one of the three marks names it; the chain is checked by TLS before anybody looks here. */
export interface CertificateEntry {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly customer?: string | undefined;
  readonly match: /** SHA-256 of the certificate: 64 hex digits, colons allowed. */
    | { readonly fingerprint256: string }
    /** One subject alternative name, as in `DNS:till-7.example` or `URI:spiffe://shop/till`. */
    | { readonly subjectAltName: string }
    /** The subject's common name. */
    | { readonly commonName: string };
}

/** The caller a verified client certificate stands for; null for one that no entry names. */
export function callerOfCertificate(
  certificate: Pick<PeerCertificate, 'fingerprint256' | 'subjectaltname' | 'subject'>,
  entries: readonly CertificateEntry[],
): Caller | null {
  const entry = entries.find(({ match }) => isMatch(certificate, match));
  if (entry === undefined) return null;
  return {
    id: entry.id,
    scopes: entry.scopes,
    credential: { kind: 'certificate', name: hexOf(certificate.fingerprint256).slice(0, 16) },
    ...(entry.customer === undefined ? {} : { customer: entry.customer }),
  };
}

function isMatch(
  certificate: Pick<PeerCertificate, 'fingerprint256' | 'subjectaltname' | 'subject'>,
  match: CertificateEntry['match'],
): boolean {
  if ('fingerprint256' in match) return hexOf(certificate.fingerprint256) === hexOf(match.fingerprint256);
  if ('subjectAltName' in match) return namesOf(certificate.subjectaltname).includes(match.subjectAltName);
  // A subject with several common names proves none of them alone.
  return (certificate.subject.CN as unknown) === match.commonName;
}

const hexOf = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

/**
 * The names of Node's text form `DNS:a, URI:b`. A name that holds a comma or quote comes as a JSON string and is left out: it could pass
 * for two. Source: Node's documentation of X509Certificate.subjectAltName.
 */
function namesOf(text: string | undefined): readonly string[] {
  return text === undefined || text.includes('"') ? [] : text.split(', ');
}
