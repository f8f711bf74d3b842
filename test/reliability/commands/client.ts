import { setTimeout as delay } from 'node:timers/promises';

/** How one order ended for whoever placed it. */
export type Ending =
  | { readonly kind: 'accepted'; readonly body: string }
  | { readonly kind: 'refused'; readonly code: string }
  /** The client lost patience and never asked again: it may have been done or not. */
  | { readonly kind: 'abandoned' };

export interface OrderTask {
  readonly key: string;
  readonly body: string;
  /** Asks to be told later. */
  readonly isAsync: boolean;
  /** Probability of never coming back after a request without an answer. */
  readonly giveUp: number;
}

export interface ClientOptions {
  readonly urls: readonly string[];
  readonly apiKey: string;
  readonly random: () => number;
  readonly deadlineMs: number;
  /** Told of every status that should not occur. */
  readonly onOddity: (text: string) => void;
  /** Counts answers by status and code. */
  readonly count: (what: string) => void;
}

const PAUSE_MS = 150;
const ANSWERS = new Set([200, 201, 202, 404, 409, 422, 429, 503]);

/** Places one order as a careful client does: the same key until there is a definite answer, whichever process gives it. */
export async function placeOrder(task: OrderTask, options: ClientOptions): Promise<Ending> {
  while (Date.now() < options.deadlineMs) {
    const answer = await send(task, options);
    if (answer === undefined) {
      options.count('no answer');
      if (options.random() < task.giveUp) return { kind: 'abandoned' };
    } else {
      const ending = await judge(answer, options);
      if (ending !== undefined) return ending;
    }
    await delay(PAUSE_MS * options.random());
  }
  options.onOddity(`${task.key} had no answer before the end`);
  return { kind: 'abandoned' };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function judge({ status, body }: Answer, options: ClientOptions): Promise<Ending | undefined> {
  const document = JSON.parse(body) as { code?: string; statusUrl?: string };
  options.count(`${status} ${document.code ?? ''}`.trim());
  if (!ANSWERS.has(status)) options.onOddity(`status ${status}: ${body}`);
  if (status === 201) return { kind: 'accepted', body };
  if (status === 202) return followUp(document.statusUrl!, options);
  if (document.code === 'not-enough-stock') return { kind: 'refused', code: document.code };
  return undefined;
}

/** Asks for the state of a queued command until it has ended. */
async function followUp(path: string, options: ClientOptions): Promise<Ending> {
  while (Date.now() < options.deadlineMs) {
    const answer = await request(path, { method: 'GET' }, 3000, options);
    if (answer?.status === 200) {
      const { state, problem } = JSON.parse(answer.body) as { state: string; problem?: { code: string } };
      if (state === 'done') return { kind: 'accepted', body: resultText(answer.body) };
      if (state === 'refused') return { kind: 'refused', code: problem!.code };
      if (state === 'failed') options.onOddity(`failed: ${answer.body}`);
      if (state === 'failed') return { kind: 'refused', code: problem!.code };
    } else if (answer !== undefined && answer.status !== 503)
      options.onOddity(`status page: ${answer.status} ${answer.body}`);
    await delay(PAUSE_MS);
  }
  options.onOddity(`${path} did not end`);
  return { kind: 'abandoned' };
}

/** The bytes of the result in a status document, which stands last. */
function resultText(body: string): string {
  return body.slice(body.indexOf('"result":') + '"result":'.length, -1);
}

function send(task: OrderTask, options: ClientOptions): Promise<Answer | undefined> {
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': task.key,
    ...(task.isAsync ? { prefer: 'respond-async' } : {}),
  };
  // Some wait for hardly anything, most for long enough.
  const timeoutMs = options.random() < 0.3 ? 5 + 60 * options.random() : 500 + 4000 * options.random();
  return request('/orders', { method: 'POST', headers, body: task.body }, timeoutMs, options);
}

async function request(
  path: string,
  init: { readonly method: string; readonly headers?: Record<string, string>; readonly body?: string },
  timeoutMs: number,
  { urls, apiKey, random }: ClientOptions,
): Promise<Answer | undefined> {
  const url = urls[Math.floor(random() * urls.length)]!;
  try {
    const response = await fetch(url + path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    return { status: response.status, body: await response.text() };
  } catch {
    return undefined;
  }
}
