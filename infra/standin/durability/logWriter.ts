import { closeSync, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { frame } from './frame.ts';

/** Above this many bytes waiting, records are written at once (and still synced with the others). */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * Appends records to a log file. All records appended in one turn of the event loop, and while the disk is busy with others, are synced
 * together (group commit). `durableCount` counts records that a crash cannot take away any more.
 */
export class LogWriter {
  readonly #fd: number;
  #position: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #appended = 0;
  #durable = 0;
  #syncing = false;
  #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  readonly #onDurable: (count: number) => void;
  readonly #onFailure: (error: Error) => void;

  /** `position` is where the good records end: whatever the file has behind it goes. */
  constructor(
    file: string,
    position: number,
    handlers: { readonly onDurable: (count: number) => void; readonly onFailure: (error: Error) => void },
  ) {
    this.#fd = openSync(file, 'r+');
    ftruncateSync(this.#fd, position);
    this.#position = position;
    this.#onDurable = handlers.onDurable;
    this.#onFailure = handlers.onFailure;
  }

  /** Length of the file with everything appended so far. */
  get bytes(): number {
    return this.#position + this.#waitingBytes;
  }

  get appendedCount(): number {
    return this.#appended;
  }

  get durableCount(): number {
    return this.#durable;
  }

  append(record: Buffer): void {
    const framed = frame(record);
    this.#waiting.push(framed);
    this.#waitingBytes += framed.length;
    this.#appended++;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#write();
    if (this.#syncing) return;
    this.#syncing = true;
    setImmediate(() => this.#sync());
  }

  /** Resolves when everything appended so far is durable; null when it is already. */
  settled(): Promise<void> | null {
    if (this.#durable === this.#appended) return null;
    const count = this.#appended;
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  /** Waits for the disk and closes the file. */
  async close(): Promise<void> {
    await this.settled();
    closeSync(this.#fd);
  }

  #write(): void {
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#position + done);
    } catch (error) {
      this.#onFailure(error as Error);
      return;
    }
    this.#position += bytes.length;
  }

  #sync(): void {
    if (this.#waiting.length > 0) this.#write();
    const count = this.#appended;
    fdatasync(this.#fd, (error) => {
      if (error) {
        this.#onFailure(error);
        return;
      }
      this.#durable = count;
      this.#onDurable(count);
      const ready = this.#waiters.filter((waiter) => waiter.count <= count);
      this.#waiters = this.#waiters.filter((waiter) => waiter.count > count);
      for (const { resolve } of ready) resolve();
      if (this.#appended > count) setImmediate(() => this.#sync());
      else this.#syncing = false;
    });
  }
}
