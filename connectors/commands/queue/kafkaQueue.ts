import { partitionFor } from '#infra/kafka/partitioner.ts';
import { refusalError } from '../gateways/commandErrors.ts';
import { REFUSALS } from '../model/refusals.ts';
import type { CommandQueue, QueueItem } from './queue.ts';
import type { QueueLog } from './queueLog.ts';
import { type AcceptedRecord, encode } from './records.ts';
import type { QueuedStatus, StatusIndex } from './statusIndex.ts';

/**
 * The queue in Kafka: it is there already, replicated and durable (acks=all), it keeps each customer's commands in order, and it does not
 * fall with the database it stands in for. A database table would; a file on this machine would fall with the machine.
 */
export class KafkaQueue implements CommandQueue {
  readonly #log: QueueLog;
  readonly #index: StatusIndex;
  readonly #now: () => number;

  constructor(log: QueueLog, index: StatusIndex, now: () => number) {
    this.#log = log;
    this.#index = index;
    this.#now = now;
  }

  async accept(item: QueueItem): Promise<void> {
    const { call, caller } = item;
    const payloadHash = call.payloadHash.toString('hex');
    await this.#log.catchUp();
    const waiting = this.#index.payloadOf(caller.id, call.idempotencyKey);
    if (waiting === payloadHash && this.#index.get(call.commandId) !== undefined) return;
    if (waiting !== undefined && waiting !== payloadHash) throw keyReused(call.commandName);
    const record = recordOf(item, payloadHash, this.#now());
    // A command without a customer stands for itself: any partition keeps its order.
    const key = Buffer.from(item.customer === undefined ? `command ${call.commandId}` : `customer ${item.customer}`);
    const partition = partitionFor(key, await this.#log.partitions());
    await this.#log.append('commands', partition, [{ key, value: encode(record) }]);
    this.#index.accepted(record);
  }

  async status(commandId: string): Promise<QueuedStatus | undefined> {
    await this.#log.catchUp();
    return this.#index.get(commandId);
  }
}

function recordOf(
  { call, input, caller, customer }: QueueItem,
  payloadHash: string,
  acceptedAtMs: number,
): AcceptedRecord {
  const { commandId, commandName, idempotencyKey, requestId, traceparent } = call;
  return {
    v: 1,
    commandId,
    command: commandName,
    input,
    caller: { ...caller, scopes: [...caller.scopes] },
    ...(customer === undefined ? {} : { customer }),
    idempotencyKey,
    payloadHash,
    requestId,
    ...(traceparent === undefined ? {} : { traceparent }),
    acceptedAtMs,
  };
}

function keyReused(commandName: string) {
  const { number } = REFUSALS['idempotency-key-reused'];
  return refusalError(commandName, number, '{"problem":"idempotency-key-reused"}');
}
