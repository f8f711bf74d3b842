import { createHash, randomUUID } from 'node:crypto';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { CommandCall, CommandGateway } from '../gateways/procedure.ts';
import type { CommandInput } from '../model/defineCommand.ts';
import { payloadHash } from '../model/payloadHash.ts';
import type { CommandQueue } from '../queue/queue.ts';
import type { AuditLog } from './auditLog.ts';
import { checkCustomer, checkIdempotencyKey, checkInput, checkScope, customerOf } from './checks.ts';
import { COMMAND_PROBLEMS, commandProblem } from './problems.ts';
import type { QuotaStore } from './quotas.ts';
import type { CommandReply, CommandRequest, QueuedReply, UseCases } from './types.ts';

export interface PipelineOptions {
  readonly gateway: CommandGateway;
  readonly audit: AuditLog;
  readonly quotas: QuotaStore;
  /** Left out: nothing can be queued. */
  readonly queue?: CommandQueue | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A request that may be run: allowed, within its quota, well formed. */
export interface CheckedCommand {
  readonly request: CommandRequest;
  readonly input: CommandInput;
  readonly call: CommandCall;
}

/** See UseCases. */
export class CommandPipeline implements UseCases {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Whether commands can be queued. */
  get canEnqueue(): boolean {
    return this.#options.queue !== undefined;
  }

  execute(request: CommandRequest): Promise<CommandReply> {
    return this.#audited(request, async () => {
      const checked = await this.#check(request);
      const reply = await this.run(checked);
      return { reply, outcome: reply.replayed ? 'replayed' : 'done', commandId: reply.commandId };
    });
  }

  enqueue(request: CommandRequest): Promise<QueuedReply> {
    return this.#audited(request, async () => {
      const { queue } = this.#options;
      if (queue === undefined || request.command.guard.kind === 'read')
        throw new HttpProblem(COMMAND_PROBLEMS.queueAway);
      const { call, input } = await this.#check(request);
      const commandId = promisedId(call);
      const customer = customerOf(request.command.guard.customerPath, input);
      await queue.accept({ call: { ...call, commandId }, input, caller: request.caller, customer });
      return { reply: { commandId }, outcome: 'queued', commandId };
    });
  }

  /** Checks a request without running it; batches check all before they run any group. The decision is audited when it is a refusal. */
  check(request: CommandRequest): Promise<CheckedCommand> {
    const { audit, now } = this.#options;
    const startedAtMs = now();
    return this.#check(request).catch((error: unknown) => {
      throw audit.refused(request.command.name, auditedOf(request), commandProblem(error), now() - startedAtMs);
    });
  }

  /** Runs what was checked. @throws an error of ours, not yet a problem. */
  async run({ request, call }: CheckedCommand): Promise<CommandReply> {
    const { gateway } = this.#options;
    const { signal } = request.context;
    const status = request.command.route.successStatus;
    if (request.command.guard.kind === 'read')
      return { status, body: await gateway.read(call, signal), replayed: false };
    const { commandId, result, replayed } = await gateway.execute(call, signal);
    return { status, commandId, body: result, replayed };
  }

  async #check(request: CommandRequest): Promise<CheckedCommand> {
    const { command, caller, context } = request;
    checkScope(caller, command);
    // A queued command paid when it was accepted.
    if (context.door !== 'queue') await this.#takeQuota(caller.id, command.guard.weight);
    const idempotencyKey = checkIdempotencyKey(command, request.idempotencyKey);
    const input = checkInput(command, request.input);
    checkCustomer(caller, command, input);
    const call: CommandCall = {
      commandName: command.name,
      procedure: command.procedure.name,
      parameters: command.procedure.parameters(input),
      commandId: request.commandId ?? randomUUID(),
      idempotencyKey,
      caller: caller.id,
      requestId: context.requestId,
      payloadHash: payloadHash(command.name, input),
      traceparent: context.traceparent,
    };
    return { request, input, call };
  }

  async #takeQuota(callerId: string, weight: number): Promise<void> {
    const verdict = await this.#options.quotas.take(callerId, weight, this.#options.now());
    if (verdict.isAllowed) return;
    const kind = verdict.quota === 'daily' ? COMMAND_PROBLEMS.quotaUsedUp : HTTP_PROBLEMS.rateLimited;
    throw new HttpProblem(kind, { retryAfterSeconds: verdict.retryAfterSeconds });
  }

  async #audited<T>(
    request: CommandRequest,
    work: () => Promise<{ readonly reply: T; readonly outcome: string; readonly commandId?: string | undefined }>,
  ): Promise<T> {
    const { audit, now } = this.#options;
    const startedAtMs = now();
    try {
      const { reply, outcome, commandId } = await work();
      audit.decided(request.command.name, { ...auditedOf(request), commandId }, outcome, now() - startedAtMs);
      return reply;
    } catch (error) {
      throw audit.refused(request.command.name, auditedOf(request), commandProblem(error), now() - startedAtMs);
    }
  }
}

/** Ids only. A key that was refused for its form is text of the caller's and is left out. */
export function auditedOf({ context, caller, idempotencyKey }: CommandRequest) {
  const { door, requestId, traceparent } = context;
  const key =
    idempotencyKey !== undefined && /^[A-Za-z0-9._:-]{1,100}$/.test(idempotencyKey) ? idempotencyKey : undefined;
  return { door, requestId, traceparent, caller, key };
}

/**
 * Id of a queued command: made from caller, key and payload, so that the same request twice is promised the same command, whichever process
 * takes it. A UUID of version 8. Source: RFC 9562 §5.8.
 */
function promisedId({ caller, idempotencyKey, payloadHash: hash }: CommandCall): string {
  const bytes = createHash('sha256').update(`${caller}\n${idempotencyKey}\n`).update(hash).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
