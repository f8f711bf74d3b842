import { randomUUID } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import {
  HTTP_PROBLEMS,
  HttpProblem,
  PROBLEM_MEDIA_TYPE,
  type ProblemKind,
  problemBody,
  problemHeaders,
} from './problem.ts';

/** What every answer of our doors carries. They serve data, never pages: nothing may be framed, sniffed or run. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
  'strict-transport-security': 'max-age=31536000',
};

/** Bytes of request headers that are accepted; more is answered with 431. */
const MAX_HEADER_BYTES = 8192;

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** The caller's X-Request-Id when it is well formed, else one of ours. */
function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : randomUUID();
}

/** Codes of the HTTP framework that are the caller's doing, each with what it means for the request. */
const FRAMEWORK_PROBLEMS: Readonly<Record<string, readonly [kind: ProblemKind, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [HTTP_PROBLEMS.tooLarge, 'The body has more bytes than this server takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [HTTP_PROBLEMS.mediaType, 'Send Content-Type: application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [HTTP_PROBLEMS.malformed, 'The body is empty; a JSON object was expected.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [HTTP_PROBLEMS.malformed, 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [HTTP_PROBLEMS.malformed, 'The body has not the length Content-Length says.'],
  FST_ERR_BAD_URL: [HTTP_PROBLEMS.malformed, 'The address holds a percent sign that starts no valid escape.'],
  FST_ERR_MAX_PARAM_LENGTH: [HTTP_PROBLEMS.uriTooLong, 'A part of the path is too long.'],
};

/** Any error of a request as a problem. What is not known is 500 (503 when it says itself that trying again may help), without its text. */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? FRAMEWORK_PROBLEMS[code] : undefined;
  if (known !== undefined) return new HttpProblem(known[0], { detail: known[1], cause: error });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new HttpProblem(HTTP_PROBLEMS.malformed, { cause: error });
  if (error instanceof SluiceError && error.retriable)
    return new HttpProblem(HTTP_PROBLEMS.unavailable, { retryAfterSeconds: 2, cause: error });
  return new HttpProblem(HTTP_PROBLEMS.internal, { cause: error });
}

/** A problem as an answer: status, headers and body text. `url` is the request's; its query is left out. */
export function problemAnswer(
  problem: HttpProblem,
  url: string,
  requestId: string,
): { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const instance = url.split('?', 1)[0] ?? '';
  return {
    status: problem.kind.status,
    headers: { ...problemHeaders(problem), 'content-type': PROBLEM_MEDIA_TYPE },
    body: JSON.stringify(problemBody(problem, instance, requestId)),
  };
}

/** What is needed of the framework's answer. */
interface FrameworkReply {
  code(status: number): unknown;
  headers(headers: Readonly<Record<string, string>>): unknown;
  send(body: string): unknown;
}

/** Errors of the framework before any route or hook of ours was reached: an address that cannot be decoded. */
function answerFrameworkError(
  error: Error,
  request: { readonly url: string; readonly id: string },
  frameworkReply: object,
): void {
  const reply = frameworkReply as FrameworkReply;
  const answer = problemAnswer(asProblem(error), request.url, request.id);
  reply.code(answer.status);
  reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id, ...answer.headers });
  reply.send(answer.body);
}

/** Idle connections are closed after this long. */
const KEEP_ALIVE_MS = 30_000;
/** How often slow senders are looked for. */
const CONNECTION_CHECK_MS = 1000;
const MAX_PARAM_CHARS = 100;

/** Options every server of ours is made with: limits on time and size before any route is reached. */
export function serverOptions(requestTimeoutMs: number) {
  return {
    logger: false,
    frameworkErrors: answerFrameworkError,
    trustProxy: false,
    exposeHeadRoutes: false,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PARAM_CHARS, caseSensitive: true, ignoreTrailingSlash: false },
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
    },
    genReqId: (request: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }): string =>
      requestIdFrom(request.headers['x-request-id']),
    clientErrorHandler: (error: { readonly code?: string }, socket: RawSocket): void => {
      if (socket.writable) socket.end(rawProblem(error));
      else socket.destroy();
    },
  } as const;
}

interface RawSocket {
  readonly writable: boolean;
  end(text: string): unknown;
  destroy(): unknown;
}

/** A whole answer on a raw socket, for requests that broke before the framework could see them (bad HTTP, slow or oversized headers). */
function rawProblem(error: { readonly code?: string }): string {
  const kind =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? HTTP_PROBLEMS.headersTooLarge
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? HTTP_PROBLEMS.requestTimeout
        : HTTP_PROBLEMS.malformed;
  const body = JSON.stringify({
    type: `/problems/${kind.code}`,
    title: kind.title,
    status: kind.status,
    code: kind.code,
  });
  return [
    `HTTP/1.1 ${kind.status} ${kind.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
