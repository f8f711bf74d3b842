import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { contextOf } from '../http/exchange.ts';
import { commandProblem } from '../pipeline/problems.ts';
import { ENVELOPE_CODECS, type EnvelopeCodec } from './codecs.ts';
import { faultEnvelope } from './envelope.ts';
import type { SoapDoor } from './soapDoor.ts';

export interface SoapRouteOptions {
  readonly door: SoapDoor;
  readonly bodyLimitBytes: number;
  /** Refuse credentials that came without TLS. */
  readonly requireTls: boolean;
}

/** Name of the door's route in audit records and metrics, for what is refused before a use case is known. */
const ROUTE = { command: 'Soap', isXml: true };
export const SOAP_PATH = '/soap';

/** POST /soap for envelopes, GET /soap for the WSDL. */
export function addSoapRoutes(app: FastifyInstance, options: SoapRouteOptions): void {
  for (const codec of ENVELOPE_CODECS)
    app.addContentTypeParser(codec.mediaType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.route({
    method: 'POST',
    url: SOAP_PATH,
    bodyLimit: options.bodyLimitBytes,
    config: ROUTE,
    errorHandler: answerFault,
    handler: (request, reply) => answer(request, reply, options),
  });
  app.route({
    method: 'GET',
    url: SOAP_PATH,
    config: ROUTE,
    handler: async (_request, reply) => reply.type('text/xml; charset=utf-8').send(options.door.wsdl),
  });
}

async function answer(request: FastifyRequest, reply: FastifyReply, options: SoapRouteOptions): Promise<FastifyReply> {
  const codec = codecOf(request);
  if (codec === undefined || !isPlainUtf8(request) || !Buffer.isBuffer(request.body))
    throw new HttpProblem(HTTP_PROBLEMS.mediaType);
  if (options.requireTls && request.protocol !== 'https')
    throw new HttpProblem(HTTP_PROBLEMS.forbidden, { detail: 'Passwords are taken over TLS only.' });
  const { door: _door, ...context } = contextOf('soap', request, reply);
  const { status, version, xml, problem } = await options.door.handle({ xml: codec.decode(request.body), context });
  const retryAfter = problem?.options.retryAfterSeconds;
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfter))));
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(codec.contentType(version))
    .send(codec.encode(xml));
}

function codecOf(request: FastifyRequest): EnvelopeCodec | undefined {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  return ENVELOPE_CODECS.find((codec) => codec.mediaType === type.trim().toLowerCase());
}

/** Neither compressed nor in another character set: a compressed bomb would pass the size limit. */
function isPlainUtf8({ headers }: FastifyRequest): boolean {
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = headers;
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type) ?? [];
  return encoding === 'identity' && charset.toLowerCase() === 'utf-8';
}

/** What is refused before the door sees it: too large, too slow, another media type. */
function answerFault(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = commandProblem(error);
  const codec = codecOf(request) ?? ENVELOPE_CODECS[0]!;
  const version = codec.mediaType === 'text/xml' ? '1.1' : '1.2';
  return reply
    .code(problem.kind.status)
    .header('cache-control', 'no-store')
    .type(codec.contentType(version))
    .send(codec.encode(faultEnvelope(problem, request.id, version)));
}
