import type { AcceptedRecord, QueueState, StatusRecord } from './records.ts';

/** What is known of a queued command. */
export interface QueuedStatus {
  readonly commandId: string;
  readonly command: string;
  readonly callerId: string;
  readonly customer?: string | undefined;
  readonly state: QueueState;
  readonly acceptedAtMs: number;
  /** When it reached the state. */
  readonly atMs: number;
  readonly result?: string | undefined;
  readonly problem?: Readonly<Record<string, unknown>> | undefined;
}

/** How far a state is; a later one is never taken back, whichever topic is read first or again. */
const RANK: Readonly<Record<QueueState, number>> = { accepted: 0, running: 1, done: 2, refused: 2, failed: 2 };
/** Bytes an entry takes beside its result. */
const ENTRY_BYTES = 600;

/**
 * The newest queued commands, by id, and which payload waits under which key. Memory is bounded by `maxBytes`: the entries that were
 * longest in it are forgotten first, so an old command is one day unknown here although it was done.
 */
export class StatusIndex {
  readonly #entries = new Map<string, QueuedStatus>();
  /** `caller key` → payload hash of what was accepted first. */
  readonly #payloads = new Map<string, { readonly hash: string; readonly commandId: string }>();
  readonly #keyOf = new Map<string, string>();
  readonly #maxBytes: number;
  #bytes = 0;
  #waiting = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Commands known here that have not ended. */
  get waiting(): number {
    return this.#waiting;
  }

  get(commandId: string): QueuedStatus | undefined {
    return this.#entries.get(commandId);
  }

  /** Hash (hex) of the payload that was accepted under this key; undefined when none is known. */
  payloadOf(callerId: string, idempotencyKey: string): string | undefined {
    return this.#payloads.get(keyText(callerId, idempotencyKey))?.hash;
  }

  accepted(record: AcceptedRecord): void {
    const { commandId, command, caller, customer, acceptedAtMs, idempotencyKey, payloadHash } = record;
    const key = keyText(caller.id, idempotencyKey);
    if (!this.#payloads.has(key)) {
      this.#payloads.set(key, { hash: payloadHash, commandId });
      this.#keyOf.set(commandId, key);
    }
    this.#put({
      commandId,
      command,
      callerId: caller.id,
      customer,
      acceptedAtMs,
      state: 'accepted',
      atMs: acceptedAtMs,
    });
  }

  reached({ v: _version, ...status }: StatusRecord): void {
    this.#put(status);
  }

  #put(entry: QueuedStatus): void {
    const known = this.#entries.get(entry.commandId);
    if (known !== undefined && RANK[entry.state] <= RANK[known.state]) return;
    if (known !== undefined) this.#count(known, -1);
    this.#entries.set(entry.commandId, entry);
    this.#count(entry, 1);
    while (this.#bytes > this.#maxBytes && this.#entries.size > 1) this.#forgetOldest();
  }

  #count(entry: QueuedStatus, sign: 1 | -1): void {
    this.#bytes += sign * bytesOf(entry);
    if (RANK[entry.state] < RANK.done) this.#waiting += sign;
  }

  #forgetOldest(): void {
    const [commandId, entry] = this.#entries.entries().next().value!;
    this.#entries.delete(commandId);
    this.#count(entry, -1);
    const key = this.#keyOf.get(commandId);
    this.#keyOf.delete(commandId);
    if (key !== undefined) this.#payloads.delete(key);
  }
}

const keyText = (callerId: string, idempotencyKey: string): string => `${callerId} ${idempotencyKey}`;

function bytesOf({ result, problem }: QueuedStatus): number {
  return ENTRY_BYTES + 2 * ((result?.length ?? 0) + (problem === undefined ? 0 : JSON.stringify(problem).length));
}
