import { errorFields, isAbort } from './errors.ts';
import type { Logger } from './logger.ts';

/** A part of a process with a beginning and an end. */
export interface Component {
  readonly name: string;
  /** Resolves when the part is ready for work. */
  start(signal: AbortSignal): Promise<void>;
  /** Finishes what is in flight and frees what it holds; called in reverse order of start. */
  stop(): Promise<void>;
  /** Rejects when the part has failed for good while running; never resolves before stop. */
  readonly failed?: Promise<never>;
}

export interface LifecycleOptions {
  readonly log: Logger;
  /** Milliseconds the whole stop may take before the process ends anyway. Default 15000. */
  readonly stopTimeoutMs?: number;
}

/**
 * Starts components in order and stops them in reverse. SIGTERM and SIGINT ask for a clean stop; a second one ends the process at once
 * with code 130. `run` resolves with the exit code: 0 after a clean stop, 1 when a component failed.
 */
export class Lifecycle {
  readonly #components: Component[] = [];
  readonly #started: Component[] = [];
  readonly #abort = new AbortController();
  readonly #log: Logger;
  readonly #stopTimeoutMs: number;
  #ready = false;

  constructor(options: LifecycleOptions) {
    this.#log = options.log;
    this.#stopTimeoutMs = options.stopTimeoutMs ?? 15_000;
  }

  /** Fires when a stop was asked for. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get ready(): boolean {
    return this.#ready && !this.#abort.signal.aborted;
  }

  add(component: Component): this {
    this.#components.push(component);
    return this;
  }

  /** Asks for a clean stop. */
  stop(): void {
    this.#abort.abort();
  }

  async run(onReady?: () => void | Promise<void>): Promise<number> {
    const onSignal = (name: NodeJS.Signals): void => {
      if (this.#abort.signal.aborted) process.exit(130);
      this.#log.info({ event: 'stop_requested', signal: name });
      this.#abort.abort();
    };
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    let exitCode = 0;
    try {
      for (const component of this.#components) {
        this.#started.push(component);
        await component.start(this.#abort.signal);
      }
      this.#ready = true;
      await onReady?.();
      await Promise.race([
        aborted(this.#abort.signal),
        ...this.#components.flatMap((c) => (c.failed ? [c.failed] : [])),
      ]);
    } catch (error) {
      if (!(isAbort(error) && this.#abort.signal.aborted)) {
        this.#log.error({ event: 'component_failed', ...errorFields(error) });
        exitCode = 1;
      }
      this.#abort.abort();
    }
    this.#ready = false;
    if (!(await this.#stopAll())) exitCode = 1;
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
    return exitCode;
  }

  async #stopAll(): Promise<boolean> {
    const deadline = setTimeout(() => {
      this.#log.error({ event: 'stop_timed_out', stopTimeoutMs: this.#stopTimeoutMs });
      process.exit(1);
    }, this.#stopTimeoutMs);
    let clean = true;
    for (const component of this.#started.reverse()) {
      try {
        await component.stop();
      } catch (error) {
        clean = false;
        this.#log.error({ event: 'component_stop_failed', component: component.name, ...errorFields(error) });
      }
    }
    clearTimeout(deadline);
    return clean;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
