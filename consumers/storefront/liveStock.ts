import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { LiveStockDefinition } from '#infra/runtime/config/stock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** What the command API says of one sku. */
export interface LiveLevel {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
  /** ISO 8601. */
  readonly asOf: string;
}

/** Skus of one question: what GetLiveStock takes. */
const SKUS_AT_ONCE = 50;
/** Failures in a row after which it is not asked for a while, and how long, ms. */
const FAILURES = 5;
const REST_MS = 2000;
const MAX_ANSWER_BYTES = 1_000_000;
/** What GetLiveStock takes for a sku; others it would refuse with the whole question. */
const ASKABLE = /^[A-Za-z0-9._/+#-](?:[A-Za-z0-9 ._/+#-]{0,18}[A-Za-z0-9._/+#-])?$/;

export interface LiveStockOptions {
  readonly definition: LiveStockDefinition;
  readonly clock?: Clock;
  readonly fetch?: typeof globalThis.fetch;
  /** Told of every question, also of those that were not asked. */
  readonly onQuestion?: (isAnswered: boolean) => void;
}

/**
 * Asks the command API's read use case GetLiveStock for the articles that no copy may answer for. Bounded in time and number; while it does
 * not answer it is left alone for some seconds at a time, so that shoppers do not wait for it one by one.
 */
export class LiveStock {
  readonly #definition: LiveStockDefinition;
  readonly #clock: Clock;
  readonly #fetch: typeof globalThis.fetch;
  readonly #onQuestion: (isAnswered: boolean) => void;
  readonly #skus: ReadonlySet<string>;
  readonly #patterns: readonly RegExp[];
  #running = 0;
  #failures = 0;
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ definition, clock = systemClock, fetch = globalThis.fetch, onQuestion }: LiveStockOptions) {
    this.#definition = definition;
    this.#clock = clock;
    this.#fetch = fetch;
    this.#onQuestion = onQuestion ?? (() => undefined);
    this.#skus = new Set(definition.skus);
    this.#patterns = definition.patterns.map(toPattern);
  }

  get whenUnavailable(): LiveStockDefinition['whenUnavailable'] {
    return this.#definition.whenUnavailable;
  }

  /** Whether the configuration says that this sku is asked live. */
  concerns(sku: string): boolean {
    return this.#skus.has(sku) || this.#patterns.some((pattern) => pattern.test(sku));
  }

  /**
   * The levels of these skus; one that is not sold on the web is missing.
   * @throws STOCK_LIVE_UNAVAILABLE when there is no answer in time, or none is asked for now
   */
  async ask(skus: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, LiveLevel>> {
    const askable = skus.filter((sku) => ASKABLE.test(sku));
    const parts = Array.from({ length: Math.ceil(askable.length / SKUS_AT_ONCE) }, (_, i) =>
      this.#guarded(askable.slice(i * SKUS_AT_ONCE, (i + 1) * SKUS_AT_ONCE), signal),
    );
    for (const part of parts)
      void part.then(
        () => this.#onQuestion(true),
        () => this.#onQuestion(false),
      );
    return new Map((await Promise.all(parts)).flatMap((levels) => [...levels]));
  }

  async #guarded(skus: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, LiveLevel>> {
    if (this.#clock.now() < this.#restUntilMs) throw unavailable('it did not answer before and rests');
    if (this.#running >= this.#definition.maxConcurrent) throw unavailable('as many questions as may be are under way');
    this.#running++;
    try {
      const levels = await this.#once(skus, signal);
      this.#failures = 0;
      return levels;
    } catch (error) {
      // A shopper who goes away says nothing about the command API.
      if (signal?.aborted) throw error;
      if (++this.#failures >= FAILURES) this.#restUntilMs = this.#clock.now() + REST_MS;
      throw error instanceof SluiceError ? error : unavailable('no answer', error);
    } finally {
      this.#running--;
    }
  }

  async #once(skus: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, LiveLevel>> {
    const { url, key, timeoutMs } = this.#definition;
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await this.#fetch(new URL(`/live-stock?skus=${encodeURIComponent(skus.join(','))}`, url), {
      headers: { authorization: `Bearer ${key.read()}`, accept: 'application/json' },
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw unavailable(`it answered ${response.status}`);
    }
    return levelsOf(await boundedText(response));
  }
}

/** @throws STOCK_LIVE_UNAVAILABLE for an answer that is not one of GetLiveStock */
function levelsOf(text: string): Map<string, LiveLevel> {
  const answer = JSON.parse(text) as { readonly asOf?: unknown; readonly items?: unknown };
  const { asOf, items } = answer;
  if (typeof asOf !== 'string' || !Array.isArray(items)) throw unavailable('its answer is not one of GetLiveStock');
  return new Map(
    items.map((item: Readonly<Record<string, unknown>>) => {
      const { sku, onHand, reserved, available } = item;
      const isLevel = [onHand, reserved, available].every(Number.isSafeInteger) && typeof sku === 'string';
      if (!isLevel) throw unavailable('its answer is not one of GetLiveStock');
      return [sku as string, { onHand, reserved, available, asOf } as LiveLevel];
    }),
  );
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw unavailable(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function unavailable(why: string, cause?: unknown): SluiceError {
  return new SluiceError('STOCK_LIVE_UNAVAILABLE', `Live stock was asked for at the command API: ${why}.`, { cause });
}

/** `*` stands for any characters; everything else for itself. */
function toPattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su');
}
