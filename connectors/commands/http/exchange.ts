import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { CommandContext, Door } from '../pipeline/types.ts';

/** What the hooks of this server learn about a request before its handler runs. */
export interface RequestFacts {
  readonly traceparent: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Set once the credential was checked. */
  caller?: Caller;
}

const facts = new WeakMap<FastifyRequest, RequestFacts>();

export function setFacts(request: FastifyRequest, value: RequestFacts): void {
  facts.set(request, value);
}

export function factsOf(request: FastifyRequest): RequestFacts {
  return facts.get(request)!;
}

/** The part of a command that every request of this server gives alike. */
export function contextOf(door: Door, request: FastifyRequest, reply: FastifyReply): CommandContext {
  return { door, requestId: request.id, traceparent: factsOf(request).traceparent, signal: goneSignal(reply) };
}

/** Fires when the client has gone before its answer: what still waits for its turn need not be begun. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      abort.abort(new HttpProblem(HTTP_PROBLEMS.requestTimeout, { detail: 'The client has gone.' }));
  });
  return abort.signal;
}

/** Whether the client would rather be told later. Source: RFC 7240 §4.1. */
export function prefersAsync(request: FastifyRequest): boolean {
  const { prefer } = request.headers;
  const text = Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '');
  return text.split(/[,;]/).some((part) => part.trim().toLowerCase() === 'respond-async');
}

export const JSON_TYPE = 'application/json; charset=utf-8';
