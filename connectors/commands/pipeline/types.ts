import type { Command } from '../model/defineCommand.ts';
import type { Caller } from './caller.ts';

/** The way a command came in; it stands in the audit log and in the metrics. */
export type Door = 'rest' | 'batch' | 'queue' | 'soap';

/** What a door knows of one request beside the command itself. */
export interface CommandContext {
  readonly door: Door;
  /** 1 to 64 characters of `A-Za-z0-9._:-`; the caller's own or one of ours. */
  readonly requestId: string;
  /** W3C trace context of our own span: goes to the audit rows in the database and back to the caller. */
  readonly traceparent?: string;
  /** Fires when nobody waits for the answer any more; a call that has reached the database is finished all the same. */
  readonly signal?: AbortSignal;
}

/** A command as a door hands it over: input as the caller sent it (parsed, not checked). */
export interface CommandRequest {
  readonly command: Command;
  readonly caller: Caller;
  /** `params` from the path, `query` from the address, `body` as parsed from JSON or XML. */
  readonly input: { readonly params?: unknown; readonly query?: unknown; readonly body?: unknown };
  /** As sent; undefined when there was none. Reads need none. */
  readonly idempotencyKey?: string | undefined;
  readonly context: CommandContext;
  /** Id that was promised when the command was queued; a new one when left out. */
  readonly commandId?: string;
}

/** What took effect, now or by an earlier request with the same key. */
export interface CommandReply {
  readonly status: 200 | 201;
  /** The command that took effect; undefined for reads, which leave no command behind. */
  readonly commandId?: string;
  /** JSON text, byte for byte as it was first answered. */
  readonly body: string;
  readonly replayed: boolean;
}

/** A command that waits in the queue. */
export interface QueuedReply {
  readonly commandId: string;
}

/**
 * The use cases behind every door (REST, batches, the queue's worker, SOAP). Each request is authorised, checked, run and audited here; a
 * door only translates. Authentication is the door's: it hands over who is calling.
 */
export interface UseCases {
  /**
   * Runs one command to its end.
   * @throws HttpProblem for everything that is not its result: the kind's `code`, `status` and `title`, the facts and the faults by JSON
   * Pointer are what a door tells its caller in its own words. Nothing else is thrown.
   */
  execute(request: CommandRequest): Promise<CommandReply>;
  /** Accepts one command durably, to be run once when the database has room. @throws HttpProblem as above. */
  enqueue(request: CommandRequest): Promise<QueuedReply>;
}
