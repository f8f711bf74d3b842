import type { BatchControl, IncomingMessage, MessageBatch } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { errorFields, SluiceError } from '#infra/runtime/errors.ts';
import { HttpProblem, problemBody } from '#infra/runtime/http/problem.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import type { Command } from '../model/defineCommand.ts';
import type { UseCases } from '../pipeline/types.ts';
import type { QueueLog } from './queueLog.ts';
import { type AcceptedRecord, decodeAccepted, encode, type StatusRecord } from './records.ts';

export interface WorkerOptions {
  readonly commands: readonly Command[];
  readonly useCases: Pick<UseCases, 'execute'>;
  readonly gateway: Pick<CommandGateway, 'ping' | 'isKnown'>;
  readonly queue: Pick<QueueLog, 'append'>;
  /** Customers whose commands run at once. */
  readonly concurrency: number;
  /** How often a command is tried that the database is there for but does not finish (locks, time-outs) before it ends as failed. */
  readonly maxTries: number;
  /** A command that has not been begun after this long ends as failed: nobody wants it any more. */
  readonly maxAgeMs: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Pauses while the database is away: short enough to be there soon after it, long enough not to press it. */
const AWAY_PAUSE_MS = 1000;
const BUSY_PAUSE_MS = 500;

/** Problems after which the command is tried again, for ever when the database is away. */
const AWAY = new Set(['database-away', 'outcome-unknown', 'command-running']);
/** Problems that say for sure that nothing took effect. */
const BUSY = new Set(['overloaded', 'timed-out']);

/**
 * Runs accepted commands: those of one customer in their order, those of different customers side by side. A command that was run before
 * (the process was killed before the batch was committed) is found by its key and ends with the same result. One that cannot be run ends as
 * failed, and the next goes on.
 */
export class QueueWorker {
  readonly #options: WorkerOptions;
  readonly #byName: ReadonlyMap<string, Command>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#byName = new Map(options.commands.map((command) => [command.name, command]));
  }

  /** Handler of the consumer group. Resolves when every command of the batch has ended; rejects with what is worth another try. */
  async onBatch(batch: MessageBatch, control: BatchControl): Promise<void> {
    const lanes = [...Map.groupBy(batch.messages, ({ key }) => key?.toString('latin1') ?? '').values()];
    const next = lanes[Symbol.iterator]();
    const runLanes = async (): Promise<void> => {
      for (const lane of next) for (const message of lane) await this.#runOne(message, control);
    };
    const workers = Array.from({ length: Math.min(this.#options.concurrency, lanes.length) }, runLanes);
    // The others end what they are at before the batch is given again.
    const faults = (await Promise.allSettled(workers)).filter((result) => result.status === 'rejected');
    if (faults[0] !== undefined) throw faults[0].reason;
  }

  async #runOne(message: IncomingMessage, control: BatchControl): Promise<void> {
    const { log } = this.#options;
    let record: AcceptedRecord;
    try {
      record = decodeAccepted(message.value);
    } catch (error) {
      // Without an id there is nobody to tell but the operator.
      log.error({
        event: 'queued_command_unreadable',
        partition: message.partition,
        offset: String(message.offset),
        ...errorFields(error),
      });
      return;
    }
    await this.#report(message.partition, record, { state: 'running' });
    await this.#report(message.partition, record, await this.#end(record, control));
  }

  /** Tries until the command has ended one way or the other. */
  async #end(record: AcceptedRecord, control: BatchControl): Promise<Ending> {
    const { useCases, maxTries, maxAgeMs, clock } = this.#options;
    const command = this.#byName.get(record.command);
    if (command === undefined) return failed('unknown-command', 'This version knows no such command.');
    const isLate = clock.now() - record.acceptedAtMs > maxAgeMs;
    if (isLate && !(await this.#wasRun(record, control)))
      return failed('expired', 'It waited longer than a command may.');
    for (let tries = 1; ; ) {
      checkMembership(control);
      try {
        const { body } = await useCases.execute({
          command,
          caller: record.caller,
          input: record.input,
          idempotencyKey: record.idempotencyKey,
          commandId: record.commandId,
          context: {
            door: 'queue',
            requestId: record.requestId,
            ...(record.traceparent && { traceparent: record.traceparent }),
          },
        });
        return { state: 'done', result: body };
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        const { code } = error.kind;
        if (AWAY.has(code)) await this.#untilBack(control);
        else if (BUSY.has(code) && tries++ < maxTries) await this.#pause(BUSY_PAUSE_MS, control);
        else return { state: error.kind.status < 500 ? 'refused' : 'failed', problem: documentOf(error) };
      }
    }
  }

  /** Whether an earlier try has taken effect, or is at it: then the command is not too late. */
  async #wasRun({ caller, idempotencyKey }: AcceptedRecord, control: BatchControl): Promise<boolean> {
    for (;;) {
      try {
        return await this.#options.gateway.isKnown(caller.id, idempotencyKey);
      } catch {
        await this.#untilBack(control);
      }
    }
  }

  /** Waits until the database answers. */
  async #untilBack(control: BatchControl): Promise<void> {
    for (;;) {
      await this.#pause(AWAY_PAUSE_MS, control);
      const isBack = await this.#options.gateway.ping().then(
        () => true,
        () => false,
      );
      if (isBack) return;
    }
  }

  async #pause(ms: number, control: BatchControl): Promise<void> {
    await this.#options.clock.sleep(ms, control.signal);
    await control.heartbeat();
    checkMembership(control);
  }

  async #report(partition: number, record: AcceptedRecord, ending: Ending): Promise<void> {
    const { commandId, command, caller, customer, acceptedAtMs } = record;
    const status: StatusRecord = {
      v: 1,
      commandId,
      command,
      callerId: caller.id,
      ...(customer === undefined ? {} : { customer }),
      acceptedAtMs,
      atMs: this.#options.clock.now(),
      ...ending,
    };
    await this.#options.queue.append('status', partition, [{ key: Buffer.from(commandId), value: encode(status) }]);
  }
}

type Ending = Pick<StatusRecord, 'state' | 'result' | 'problem'>;

/** The partition was given to another process, which runs the rest; it also runs this command again, and finds it done. */
function checkMembership(control: BatchControl): void {
  control.signal.throwIfAborted();
  if (control.isStale())
    throw new SluiceError('KAFKA_MEMBERSHIP_LOST', 'Another process runs this part of the queue now.');
}

function documentOf(problem: HttpProblem): Record<string, unknown> {
  const { instance: _instance, requestId: _requestId, ...document } = problemBody(problem, '', '');
  return document;
}

function failed(code: string, detail: string): Ending {
  const title = 'The command could not be run';
  return { state: 'failed', problem: { type: `/problems/${code}`, title, status: 500, code, detail } };
}
