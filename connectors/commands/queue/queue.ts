import type { CommandCall } from '../gateways/procedure.ts';
import type { CommandInput } from '../model/defineCommand.ts';
import type { Caller } from '../pipeline/caller.ts';
import type { QueuedStatus } from './statusIndex.ts';

/** A command that was checked and waits to be accepted. */
export interface QueueItem {
  readonly call: CommandCall;
  readonly input: CommandInput;
  readonly caller: Caller;
  /** Commands of one customer run in the order they were accepted; those that name none stand for themselves. */
  readonly customer: string | undefined;
}

/** Where commands wait for a database that is away. */
export interface CommandQueue {
  /**
   * Keeps the command durably; when this has resolved, nothing but the loss of the queue's own storage can lose it. Accepting what was
   * accepted before changes nothing.
   * @throws CMD_QUEUE_AWAY when it could not be kept for sure; CMD_REFUSED idempotency-key-reused for another payload with a key that waits.
   */
  accept(item: QueueItem): Promise<void>;
  /** What became of a command; undefined for one that is not known, or not any more. @throws CMD_QUEUE_AWAY. */
  status(commandId: string): Promise<QueuedStatus | undefined>;
}
