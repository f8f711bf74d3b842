import { PROBLEM_KINDS } from '#connectors/commands/pipeline/problems.ts';
import type { CommandClient } from '#test/support/commandClient.ts';
import type { CommandShop } from '#test/support/commandShop.ts';
import { type FuzzRequest, mutate, pick, wellFormed } from './mutate.ts';

export interface FuzzReport {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Broken promises, with the request that broke them; at most 20. */
  readonly faults: readonly string[];
}

/** What no answer may hold: stacks, places, words of the server, secrets. */
const LEAKS = [
  /\n\s+at /,
  /node_modules|node:internal|\.ts:\d/,
  /SqlError|RequestError|TypeError/,
  /storefront\.|dbo\.|sys\.|ORD_HDR|Incorrect syntax/,
  /slk_[a-z0-9]{12}_/,
];
const MAX_FAULTS = 20;
/** Requests under way at once. */
const PARALLEL = 16;
const SHEDDING = new Set(['overloaded', 'timed-out', 'database-away', 'queue-away', 'outcome-unknown']);

/** Sends mutated requests and checks each answer; in the end the database must have exactly what was answered as done. */
export async function runFuzz(
  client: CommandClient,
  shop: CommandShop,
  requests: number,
  random: () => number,
): Promise<FuzzReport> {
  const bases = wellFormed(shop, client.apiKey);
  const statuses: Record<string, number> = {};
  const faults: string[] = [];
  const before = await shop.counts();
  let ordersAnswered = 0;
  const note = (fault: string, request: FuzzRequest): void => {
    if (faults.length < MAX_FAULTS) faults.push(`${fault}: ${describe(request)}`);
  };
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < requests) {
      sent++;
      const request = mutate(pick(bases, random)(), random);
      const answer = await client.app.inject(request as never);
      const status = answer.statusCode;
      statuses[status] = (statuses[status] ?? 0) + 1;
      for (const fault of faultsOf(answer, request, client.apiKey)) note(fault, request);
      ordersAnswered += ordersIn(answer.body, status, answer.headers['idempotency-replayed'] !== undefined);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const after = await shop.counts();
  const written = after['orders']! - before['orders']!;
  if (written !== ordersAnswered)
    faults.push(`orders in the database: expected ${ordersAnswered} as answered, found ${written}`);
  return { requests: sent, statuses, faults };
}

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function faultsOf({ statusCode, body, headers }: Answer, request: FuzzRequest, apiKey: string): string[] {
  const faults: string[] = [];
  const isPublicDocument = request.url.startsWith('/openapi.json');
  for (const leak of isPublicDocument ? [] : LEAKS) {
    const found = leak.exec(body)?.[0];
    // A field's own name may come back as the place of its fault.
    if (found !== undefined && !sentText(request).includes(found)) faults.push(`answer holds ${found}`);
  }
  if (body.includes(apiKey)) faults.push('answer holds the key');
  if (headers['x-content-type-options'] !== 'nosniff' || headers['x-request-id'] === undefined)
    faults.push('headers are missing');
  if (statusCode < 400) return faults;
  if (request.method === 'HEAD') return faults;
  const { code, type } = JSON.parse(body) as { code?: string; type?: string };
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    faults.push(`status ${statusCode} without a problem`);
  if (code === undefined || type !== `/problems/${code}` || PROBLEM_KINDS.get(code)?.status !== statusCode)
    faults.push(`problem ${code} with status ${statusCode}`);
  if (statusCode >= 500 && !SHEDDING.has(code ?? '')) faults.push(`status ${statusCode} ${code}`);
  return faults;
}

function sentText({ url, payload }: FuzzRequest): string {
  return `${url} ${decodeURIComponent(url.replaceAll(/%(?![0-9a-f]{2})/gi, ''))} ${String(payload ?? '')}`;
}

/** Orders that this answer says were placed by it. */
function ordersIn(body: string, status: number, isReplay: boolean): number {
  if (status === 201 && !isReplay && body.includes('"status":"accepted"')) return 1;
  if (status !== 200 || !body.startsWith('{"results":')) return 0;
  const { results } = JSON.parse(body) as {
    results: { status: number; replayed?: boolean; result?: { status?: string } }[];
  };
  return results.filter((item) => item.status === 201 && item.replayed === false && item.result?.status === 'accepted')
    .length;
}

function describe({ method, url, headers, payload }: FuzzRequest): string {
  const { authorization: _authorization, ...shown } = headers;
  return `${method} ${url.slice(0, 200)} ${JSON.stringify(shown).slice(0, 300)} ${String(payload ?? '').slice(0, 300)}`;
}
