import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { asProblem } from '#infra/runtime/http/exchange.ts';
import { HTTP_PROBLEMS, HttpProblem, type ProblemKind } from '#infra/runtime/http/problem.ts';
import { isRefusalName, KEY_REFUSALS, REFUSALS, type Refusal, type RefusalName } from '../model/refusals.ts';

const kind = (code: string, status: number, title: string, remedy: string): ProblemKind => ({
  code,
  status,
  title,
  remedy,
});

/** Problems of this API beside those every door of ours has. */
export const COMMAND_PROBLEMS = {
  keyMissing: kind(
    'idempotency-key-missing',
    400,
    'The Idempotency-Key header is missing',
    'Send a header Idempotency-Key that is new for every command and the same for its repetitions.',
  ),
  keyMalformed: kind(
    'idempotency-key-malformed',
    400,
    'The Idempotency-Key header is malformed',
    'Send it once, as 1 to 100 letters, digits or . _ : - , in double quotes or bare.',
  ),
  quotaUsedUp: kind(
    'quota-used-up',
    429,
    'The day’s commands of this caller are used up',
    'Wait as long as Retry-After says (midnight UTC), or ask for a larger quota.',
  ),
  callerUnproven: kind(
    'caller-unproven',
    503,
    'The credential could not be checked',
    'It may be good: send the request again after the time in Retry-After.',
  ),
  timedOut: kind(
    'timed-out',
    503,
    'The database took too long, and the command was rolled back',
    'It has not taken effect: send it again with the same key after the time in Retry-After.',
  ),
  queueAway: kind(
    'queue-away',
    503,
    'Commands cannot be queued at the moment',
    'It was not accepted: send it again with the same key after the time in Retry-After.',
  ),
  overloaded: kind(
    'overloaded',
    503,
    'Too many commands at the moment',
    'Send it again with the same key after the time in Retry-After.',
  ),
  outcomeUnknown: kind(
    'outcome-unknown',
    503,
    'The database did not answer in time',
    'The command may have taken effect: send it again with the same key, which tells.',
  ),
  databaseAway: kind(
    'database-away',
    503,
    'The database cannot be reached',
    'Send it again with the same key after the time in Retry-After.',
  ),
} as const satisfies Record<string, ProblemKind>;

/** Every problem kind by its code: the pages under /problems and the OpenAPI document are made from it. */
export const PROBLEM_KINDS: ReadonlyMap<string, ProblemKind> = new Map(
  [...Object.values(HTTP_PROBLEMS), ...Object.values(COMMAND_PROBLEMS), ...refusalKinds()].map((entry) => [
    entry.code,
    entry,
  ]),
);

function refusalKinds(): ProblemKind[] {
  return Object.entries(REFUSALS).map(([code, { status, title, remedy }]) => ({ code, status, title, remedy }));
}

/** The kind of a refusal. */
export function refusalKind(name: RefusalName): ProblemKind {
  return PROBLEM_KINDS.get(name)!;
}

/** Seconds a caller should wait: the queue's own deadline, and the time a database needs to come back. */
const RETRY_SOON_SECONDS = 1;
const RETRY_AWAY_SECONDS = 5;

/** What becomes of our codes that a caller may do something about: the kind and the seconds after which to try again. */
const BY_CODE: Readonly<Partial<Record<ErrorCode, readonly [kind: ProblemKind, retryAfterSeconds: number]>>> = {
  CMD_OVERLOADED: [COMMAND_PROBLEMS.overloaded, RETRY_SOON_SECONDS],
  CMD_OUTCOME_UNKNOWN: [COMMAND_PROBLEMS.outcomeUnknown, RETRY_SOON_SECONDS],
  CMD_TIMED_OUT: [COMMAND_PROBLEMS.timedOut, RETRY_SOON_SECONDS],
  CMD_DATABASE_AWAY: [COMMAND_PROBLEMS.databaseAway, RETRY_AWAY_SECONDS],
  CMD_QUEUE_AWAY: [COMMAND_PROBLEMS.queueAway, RETRY_AWAY_SECONDS],
  TOKEN_UNPROVEN: [COMMAND_PROBLEMS.callerUnproven, RETRY_AWAY_SECONDS],
};

/** Any error of a command as a problem: refusals with their facts and the place in the request they are about. */
export function commandProblem(error: unknown): HttpProblem {
  if (!(error instanceof SluiceError)) return asProblem(error);
  if (error.code === 'CMD_REFUSED') return refusalProblem(error);
  const known = BY_CODE[error.code];
  if (known === undefined) return asProblem(error);
  const [problem, retryAfterSeconds] = known;
  const said = error.context['retryAfterMs'];
  return new HttpProblem(problem, {
    retryAfterSeconds: typeof said === 'number' ? said / 1000 : retryAfterSeconds,
    cause: error,
  });
}

/** Facts of a refusal that say where it stands or how it came about; the caller gets them in another form. */
const INNER_FACTS: ReadonlySet<string> = new Set(['problem', 'line', 'field', 'number', 'replayed', 'commandId']);

function refusalProblem(error: SluiceError): HttpProblem {
  const { problem, line, field, replayed } = error.context;
  if (!isRefusalName(problem)) return new HttpProblem(HTTP_PROBLEMS.internal, { cause: error });
  const refusal: Refusal = REFUSALS[problem];
  const facts = Object.fromEntries(
    Object.entries(error.context).flatMap(([name, value]) =>
      value === undefined || value === null || INNER_FACTS.has(name) ? [] : [[name, value]],
    ),
  );
  const place = placeOf(refusal, line, field);
  return new HttpProblem(refusalKind(problem), {
    detail: refusal.remedy,
    facts,
    cause: error,
    isStored: !(KEY_REFUSALS as readonly RefusalName[]).includes(problem),
    ...(replayed === true ? { headers: { 'idempotency-replayed': 'true' } } : {}),
    ...(place === undefined ? {} : { errors: [{ pointer: place, detail: refusal.title }] }),
    ...(refusal.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: refusal.retryAfterSeconds }),
  });
}

/** A JSON Pointer of ours, as a procedure may name it. */
const POINTER = /^(?:\/[A-Za-z0-9]{1,30}){1,4}$/;

function placeOf(refusal: Refusal, line: unknown, field: unknown): string | undefined {
  if (typeof field === 'string' && POINTER.test(field)) return field;
  if (typeof line === 'number' && refusal.lineField !== undefined) return `/lines/${line - 1}/${refusal.lineField}`;
  return refusal.pointer;
}
