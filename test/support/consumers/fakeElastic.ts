import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One document of a bulk request. */
export interface ReceivedItem {
  readonly id: string;
  readonly version: number;
  readonly source: string;
}

/** What the fake does with a request: takes it (a status for each document), refuses it as a whole, or breaks the connection. */
export type Reply =
  | { readonly items: readonly number[] }
  | { readonly status: number; readonly type: string }
  | 'break';

/** An HTTP server that answers bulk requests as Elasticsearch does, under the rule a test gives it. Documents keep external versions. */
export class FakeElastic {
  readonly documents = new Map<string, ReceivedItem>();
  /** Documents of each request, in the order of arrival. */
  readonly requests: (readonly ReceivedItem[])[] = [];
  /** Requests under way at once at most, so far. */
  mostInFlight = 0;
  readonly #server: Server;
  readonly #rule: (items: readonly ReceivedItem[], call: number, bytes: number) => Reply;
  #inFlight = 0;

  constructor(rule: (items: readonly ReceivedItem[], call: number, bytes: number) => Reply) {
    this.#rule = rule;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const items = parse(body.toString('utf8'));
    this.requests.push(items);
    const reply = this.#rule(items, this.requests.length, body.length);
    // Two requests are to meet here when the client sends them side by side.
    await new Promise((resolve) => setImmediate(resolve));
    this.#inFlight -= 1;
    if (reply === 'break') return void request.socket.destroy();
    const [status, content] =
      'items' in reply
        ? [200, { items: items.map((item, i) => ({ index: this.#index(item, reply.items[i] ?? 200) })) }]
        : [reply.status, { error: { type: reply.type, reason: 'told to' }, status: reply.status }];
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' });
    response.end(JSON.stringify(content));
  }

  #index(item: ReceivedItem, status: number): object {
    if (status !== 200)
      return {
        status,
        error: {
          type: status === 429 ? 'es_rejected_execution_exception' : 'mapper_parsing_exception',
          reason: 'failed to parse field [price]',
        },
      };
    const stored = this.documents.get(item.id);
    if (stored !== undefined && stored.version >= item.version)
      return { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'newer' } };
    this.documents.set(item.id, item);
    return { status: stored === undefined ? 201 : 200 };
  }
}

function parse(body: string): ReceivedItem[] {
  const lines = body.split('\n');
  return Array.from({ length: (lines.length - 1) / 2 }, (_, i) => {
    const { _id, version } = (JSON.parse(lines[i * 2]!) as { index: { _id: string; version: number } }).index;
    return { id: _id, version, source: lines[i * 2 + 1]! };
  });
}
