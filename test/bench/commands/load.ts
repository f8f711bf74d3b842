import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import type { CommandCall } from '#connectors/commands/gateways/procedure.ts';
import { writeParameters } from '#connectors/commands/gateways/sqlParameters.ts';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { payloadHash } from '#connectors/commands/model/payloadHash.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';

/** What the load process is told on its standard input, and what it prints: one JSON line each. */
export interface LoadTask {
  readonly door: string;
  readonly callers: number;
  readonly seconds: number;
  /** Connections to the database of the bare calls: as many as the API may use. */
  readonly concurrency: number;
  readonly url: string;
  readonly soapUrl: string | undefined;
  readonly apiKey: string;
  readonly database: DatabaseOptions;
  readonly skus: readonly string[];
  readonly price: string;
}

export interface LoadResult {
  readonly door: string;
  readonly callers: number;
  readonly orders: number;
  readonly errors: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

const LINES = 3;
const BATCH = 50;

/** Sends one order, or several; gives how many were taken. */
type Sender = () => Promise<number>;

/** Orders of three lines of different products, from `callers` callers at once that each wait for their answer. */
export async function load(task: LoadTask): Promise<LoadResult> {
  const { send, close } = await senderOf(task);
  const latencies: number[] = [];
  let orders = 0;
  let errors = 0;
  const startedAt = performance.now();
  const endAt = startedAt + task.seconds * 1000;
  const caller = async (): Promise<void> => {
    while (performance.now() < endAt) {
      const sentAt = performance.now();
      try {
        const taken = await send();
        orders += taken;
        latencies.push(performance.now() - sentAt);
      } catch {
        errors++;
      }
    }
  };
  await Promise.all(Array.from({ length: task.callers }, caller));
  const seconds = (performance.now() - startedAt) / 1000;
  await close();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1));
  return { door: task.door, callers: task.callers, orders, errors, seconds, p50: at(0.5), p99: at(0.99) };
}

function orderBody({ skus, price }: LoadTask) {
  const first = Math.floor(Math.random() * skus.length);
  const lines = Array.from({ length: LINES }, (_, i) => ({
    sku: skus[(first + i) % skus.length]!,
    quantity: 1,
    unitPrice: price,
  }));
  return { customerId: '1', currency: 'GBP', lines, total: (Number(price) * LINES).toFixed(4) };
}

async function senderOf(task: LoadTask): Promise<{ send: Sender; close: () => Promise<void> }> {
  if (task.door === 'procedure') return bareCalls(task);
  const agent = new Agent({ keepAlive: true, maxSockets: task.callers });
  const close = async (): Promise<void> => agent.destroy();
  if (task.door === 'soap') return { send: soapCalls(task, agent), close };
  if (task.door === 'batch') return { send: batchCalls(task, agent), close };
  const url = new URL('/orders', task.url);
  const send: Sender = async () => {
    const { status } = await post(agent, url, JSON.stringify(orderBody(task)), headersOf(task));
    if (status !== 201) throw new Error(`answered ${status}`);
    return 1;
  };
  return { send, close };
}

/** The procedure itself over the same driver, with as many connections as the API may use: what the guard costs is the difference. */
async function bareCalls(task: LoadTask): Promise<{ send: Sender; close: () => Promise<void> }> {
  const database = await openDatabase({ ...task.database, maxConnections: task.concurrency });
  const send: Sender = async () => {
    const input = { params: {}, query: {}, body: orderBody(task) };
    const call: CommandCall = {
      commandName: 'AcceptOrder',
      procedure: acceptOrder.procedure.name,
      parameters: acceptOrder.procedure.parameters(input as never),
      caller: 'bench',
      requestId: 'bench',
      commandId: randomUUID(),
      idempotencyKey: randomUUID(),
      payloadHash: payloadHash('AcceptOrder', input as never),
    };
    const { recordsets } = await database.execute(call.procedure, writeParameters(call, 'sqlserver2008'));
    if (recordsets[0]?.[0]?.['Refusal'] !== null) throw new Error('refused');
    return 1;
  };
  return { send, close: () => database.close() };
}

function batchCalls(task: LoadTask, agent: Agent): Sender {
  const url = new URL('/batches', task.url);
  return async () => {
    const commands = Array.from({ length: BATCH }, () => ({
      command: 'AcceptOrder',
      idempotencyKey: randomUUID(),
      body: orderBody(task),
    }));
    const { status, body } = await post(agent, url, JSON.stringify({ commands }), headersOf(task));
    if (status !== 200) throw new Error(`answered ${status}`);
    return (JSON.parse(body) as { results: { status: number }[] }).results.filter((item) => item.status === 201).length;
  };
}

function headersOf({ apiKey }: LoadTask): Record<string, string> {
  return { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
}

function soapCalls(task: LoadTask, agent: Agent): Sender {
  const url = new URL(task.soapUrl!);
  const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:sluice:commands:1:AcceptOrder"' };
  return async () => {
    const { status, body } = await post(agent, url, soapEnvelope(task), headers);
    if (status !== 200 || body.includes('Fault>')) throw new Error(`answered ${status}`);
    return 1;
  };
}

function soapEnvelope(task: LoadTask): string {
  const { customerId, currency, lines, total } = orderBody(task);
  const items = lines.map(
    (line) =>
      `<lines><sku>${line.sku}</sku><quantity>${line.quantity}</quantity><unitPrice>${line.unitPrice}</unitPrice></lines>`,
  );
  const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
  return `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><wsse:Security xmlns:wsse="${security}"><wsse:UsernameToken><wsse:Username>load</wsse:Username><wsse:Password>${task.apiKey}</wsse:Password></wsse:UsernameToken></wsse:Security></soap:Header><soap:Body><AcceptOrder xmlns="urn:sluice:commands:1"><idempotencyKey>${randomUUID()}</idempotencyKey><customerId>${customerId}</customerId><currency>${currency}</currency>${items.join('')}<total>${total}</total></AcceptOrder></soap:Body></soap:Envelope>`;
}

function post(
  agent: Agent,
  url: URL,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      url,
      { agent, method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    sent.on('error', reject).end(body);
  });
}

if (import.meta.main) {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  process.stdout.write(`${JSON.stringify(await load(JSON.parse(text) as LoadTask))}\n`);
}
