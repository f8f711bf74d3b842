/**
 * Problem documents of our HTTP doors. Source: RFC 9457. The `type` is a relative reference to a page of the same server, so that it
 * works wherever the server stands; clients decide on `code`, its last part.
 */

/** One kind of problem: stable, documented, listed in the OpenAPI documents. */
export interface ProblemKind {
  /** Last part of `type`, lower case with hyphens; never changes its meaning. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** What the caller should do, for the problem's page. */
  readonly remedy: string;
}

/** A fault at one place of the request. */
export interface FieldFault {
  /** JSON Pointer into the body, or the name of a query parameter or header behind `query:` or `header:`. Source: RFC 6901. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly detail?: string;
  readonly errors?: readonly FieldFault[];
  /** Facts for programs beside the standard members: numbers and fixed words. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** Seconds for the Retry-After header. */
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** The answer is kept and given again byte for byte: nothing of the single request may stand in its body. */
  readonly isStored?: boolean;
}

/** Thrown to end a request with a problem. It is an answer to the caller, not a fault of ours. */
export class HttpProblem extends Error {
  readonly kind: ProblemKind;
  readonly options: ProblemOptions;

  constructor(kind: ProblemKind, options: ProblemOptions = {}) {
    super(options.detail ?? kind.title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpProblem';
    this.kind = kind;
    this.options = options;
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** The body of the answer. */
export function problemBody(problem: HttpProblem, instance: string, requestId: string): Record<string, unknown> {
  const { kind, options } = problem;
  return {
    ...options.facts,
    type: `/problems/${kind.code}`,
    title: kind.title,
    status: kind.status,
    ...(options.detail === undefined ? {} : { detail: options.detail }),
    ...(options.isStored ? {} : { instance }),
    code: kind.code,
    ...(options.isStored ? {} : { requestId }),
    ...(options.errors === undefined ? {} : { errors: options.errors }),
  };
}

/** Headers of the answer beside its media type. */
export function problemHeaders(problem: HttpProblem): Record<string, string> {
  const { retryAfterSeconds, headers } = problem.options;
  return {
    'cache-control': 'no-store',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
    ...headers,
  };
}

const kind = (code: string, status: number, title: string, remedy: string): ProblemKind => ({
  code,
  status,
  title,
  remedy,
});

/** Problems any of our doors may answer with. */
export const HTTP_PROBLEMS = {
  malformed: kind(
    'malformed-request',
    400,
    'The request could not be read',
    'Send what the OpenAPI document describes.',
  ),
  unauthenticated: kind(
    'unauthenticated',
    401,
    'No valid credential was given',
    'Send Authorization: Bearer <API key or token> with a current one, or a client certificate that is known here.',
  ),
  forbidden: kind(
    'forbidden',
    403,
    'The caller may not do this',
    'Ask for a credential with the scope named in the answer; one that is bound to a customer acts for that customer only.',
  ),
  notFound: kind('not-found', 404, 'There is nothing here', 'Check the address against the OpenAPI document.'),
  methodNotAllowed: kind(
    'method-not-allowed',
    405,
    'This method is not possible here',
    'Use a method named in the Allow header.',
  ),
  notAcceptable: kind(
    'not-acceptable',
    406,
    'No media type that you accept can be given',
    'Accept application/json and application/problem+json, or leave the header out.',
  ),
  requestTimeout: kind('request-timeout', 408, 'The request took too long to arrive', 'Send it again, faster.'),
  tooLarge: kind('request-too-large', 413, 'The request is too large', 'Send less at once.'),
  uriTooLong: kind('uri-too-long', 414, 'The address is too long', 'Shorten the query.'),
  mediaType: kind(
    'unsupported-media-type',
    415,
    'This media type is not understood',
    'Send Content-Type: application/json.',
  ),
  validation: kind('validation', 422, 'The request breaks the rules', 'Correct every place listed under errors.'),
  headersTooLarge: kind('headers-too-large', 431, 'The headers are too large', 'Send fewer or shorter headers.'),
  rateLimited: kind('rate-limited', 429, 'Too many requests', 'Wait as long as Retry-After says.'),
  internal: kind(
    'internal',
    500,
    'Something went wrong here',
    'Try again later; name the requestId when reporting it.',
  ),
  unavailable: kind('unavailable', 503, 'Not possible at the moment', 'Try again after the time in Retry-After.'),
} as const satisfies Record<string, ProblemKind>;
