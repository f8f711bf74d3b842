import { SluiceError } from '#infra/runtime/errors.ts';
import { asProblem } from '#infra/runtime/http/exchange.ts';
import { HTTP_PROBLEMS, HttpProblem, type ProblemKind } from '#infra/runtime/http/problem.ts';
import { isRefusalName, REFUSALS, type Refusal, type RefusalName } from '../model/refusals.ts';

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
    'The Idempotency-Key header is missing or malformed',
    'Send a header Idempotency-Key of 1 to 100 letters, digits or . _ : - that is new for every command and kept for its repetitions.',
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
const RETRY_OVERLOADED_SECONDS = 1;
const RETRY_AWAY_SECONDS = 5;

/** Any error of a command as a problem: refusals with their facts and the place in the request they are about. */
export function commandProblem(error: unknown): HttpProblem {
  if (!(error instanceof SluiceError)) return asProblem(error);
  switch (error.code) {
    case 'CMD_REFUSED':
      return refusalProblem(error);
    case 'CMD_OVERLOADED':
      return new HttpProblem(COMMAND_PROBLEMS.overloaded, {
        retryAfterSeconds: RETRY_OVERLOADED_SECONDS,
        cause: error,
      });
    case 'CMD_OUTCOME_UNKNOWN':
      return new HttpProblem(COMMAND_PROBLEMS.outcomeUnknown, {
        retryAfterSeconds: RETRY_OVERLOADED_SECONDS,
        cause: error,
      });
    case 'CMD_DATABASE_AWAY':
      return new HttpProblem(COMMAND_PROBLEMS.databaseAway, { retryAfterSeconds: RETRY_AWAY_SECONDS, cause: error });
    default:
      return asProblem(error);
  }
}

function refusalProblem(error: SluiceError): HttpProblem {
  const { problem, line, number: _number, ...rest } = error.context;
  if (!isRefusalName(problem)) return new HttpProblem(HTTP_PROBLEMS.internal, { cause: error });
  const refusal: Refusal = REFUSALS[problem];
  const facts = Object.fromEntries(
    Object.entries(rest).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  );
  const place =
    typeof line === 'number' && refusal.lineField !== undefined
      ? `/lines/${line - 1}/${refusal.lineField}`
      : refusal.pointer;
  return new HttpProblem(refusalKind(problem), {
    detail: refusal.remedy,
    facts,
    cause: error,
    ...(place === undefined ? {} : { errors: [{ pointer: place, detail: refusal.title }] }),
    ...(refusal.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: refusal.retryAfterSeconds }),
  });
}
