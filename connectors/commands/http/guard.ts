import { isIPv6 } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';
import type { Authenticator } from '../callers/authenticator.ts';
import type { Caller } from '../pipeline/caller.ts';

/** Who is calling. Whoever proves nothing is refused. @throws 401. */
export async function authenticate(request: FastifyRequest, authenticator: Authenticator): Promise<Caller> {
  const caller = await authenticator.request(request.headers.authorization, certificateOf(request));
  if (caller !== null) return caller;
  throw new HttpProblem(HTTP_PROBLEMS.unauthenticated, {
    headers: { 'www-authenticate': 'Bearer realm="sluice-commands"' },
  });
}

/** The client's certificate, when TLS has verified its chain against our client CA. */
function certificateOf(request: FastifyRequest): PeerCertificate | undefined {
  const socket = request.raw.socket as Partial<TLSSocket>;
  if (socket.authorized !== true || socket.getPeerCertificate === undefined) return undefined;
  const certificate = socket.getPeerCertificate();
  return Object.keys(certificate).length === 0 ? undefined : certificate;
}

/** @throws 429 with Retry-After when this address has sent too much. */
export function limitAddress(buckets: TokenBuckets, address: string, nowMs: number): void {
  const waitSeconds = buckets.take(addressKey(address), nowMs);
  if (waitSeconds > 0) throw new HttpProblem(HTTP_PROBLEMS.rateLimited, { retryAfterSeconds: waitSeconds });
}

/** One client has a whole /64 of IPv6 addresses, so that is what is counted. Source: RFC 6177 §2. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** A quoted string of a structured field: the form the idempotency key draft asks for. Source: RFC 9651 §3.3.3. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The idempotency key as it was sent: quoted, as draft-ietf-httpapi-idempotency-key-header has it, or bare, as most clients send it; both
 * spell the same key. Undefined when the header is missing; a header given twice is malformed (Node joins it with a comma).
 */
export function sentKey(request: FastifyRequest): string | undefined {
  const value = request.headers['idempotency-key'];
  if (value === undefined) return undefined;
  const text = Array.isArray(value) ? value.join(', ') : value;
  return QUOTED.exec(text)?.[1] ?? text;
}
