import type { FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { TokenBuckets } from '#infra/runtime/http/tokenBuckets.ts';
import type { Scope } from '../model/defineCommand.ts';
import type { Caller, KeyRing } from './keys.ts';
import { COMMAND_PROBLEMS } from './problems.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,200})$/;
/** Source: draft-ietf-httpapi-idempotency-key-header; the draft leaves the alphabet to the server. */
const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,100}$/;

export interface GuardOptions {
  readonly keys: KeyRing;
  readonly callerBuckets: TokenBuckets;
  readonly now: () => number;
}

/** Who may pass: a known key (401), with the scope (403), that has not used up its rate (429). Whatever is not allowed is denied. */
export async function authorize(request: FastifyRequest, scope: Scope, options: GuardOptions): Promise<Caller> {
  const [, key] = BEARER.exec(request.headers.authorization ?? '') ?? [];
  const caller = key === undefined ? null : await options.keys.verify(key);
  if (caller === null) {
    throw new HttpProblem(HTTP_PROBLEMS.unauthenticated, {
      headers: { 'www-authenticate': 'Bearer realm="sluice-commands"' },
    });
  }
  if (!caller.scopes.includes(scope)) {
    throw new HttpProblem(HTTP_PROBLEMS.forbidden, { detail: `This needs the scope ${scope}.`, facts: { scope } });
  }
  limitRate(options.callerBuckets, caller.id, options.now());
  return caller;
}

/** @throws 429 with Retry-After when the bucket of this key is empty. */
export function limitRate(buckets: TokenBuckets, key: string, nowMs: number): void {
  const waitSeconds = buckets.take(key, nowMs);
  if (waitSeconds > 0) throw new HttpProblem(HTTP_PROBLEMS.rateLimited, { retryAfterSeconds: waitSeconds });
}

/** The request's idempotency key. @throws 400 when it is missing, given twice or malformed. */
export function idempotencyKey(request: FastifyRequest): string {
  const value = request.headers['idempotency-key'];
  if (typeof value === 'string' && IDEMPOTENCY_KEY.test(value)) return value;
  throw new HttpProblem(COMMAND_PROBLEMS.keyMissing, {
    errors: [{ pointer: 'header:Idempotency-Key', detail: COMMAND_PROBLEMS.keyMissing.remedy }],
  });
}
