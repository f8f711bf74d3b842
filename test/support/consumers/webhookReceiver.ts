import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A message as a receiver got it, after the standard's own package has checked the signature. */
export interface Received {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | 'hang';

/** Somebody else's server: takes what is signed with its secret and answers as the test says. */
export class WebhookReceiver {
  /** Messages that were answered with success, in order. */
  readonly taken: Received[] = [];
  /** All that came, whatever was answered. */
  readonly tried: Received[] = [];
  /** Requests whose signature was wrong. */
  forged = 0;
  secret: string;
  answer: (message: Received) => Answer | Promise<Answer> = () => ({ status: 204 });
  #server: Server | undefined;
  #port = 0;

  constructor(secret: string) {
    this.secret = secret;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hooks`;
  }

  /** Listens, after `stop` at the same port again. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      void (async () => {
        const message = await this.#read(request);
        if (message === null) return response.writeHead(401).end();
        this.tried.push(message);
        const answer = await this.answer(message);
        if (answer === 'hang') return undefined;
        if (answer.status >= 200 && answer.status < 300) this.taken.push(message);
        return response.writeHead(answer.status, answer.headers).end(answer.body);
      })();
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Types and statuses of one order's messages, each message once, in the order they were first taken. */
  story(orderId: string): string[] {
    const seen = new Set<string>();
    return this.taken.flatMap(({ id, type, data }) => {
      if (data['orderId'] !== orderId || seen.has(id)) return [];
      seen.add(id);
      return [`${type} ${String(data['status'])}`];
    });
  }

  async #read(request: IncomingMessage): Promise<Received | null> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    try {
      new Webhook(this.secret).verify(body, request.headers as Record<string, string>);
    } catch {
      this.forged++;
      return null;
    }
    const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
    return { id: String(request.headers['webhook-id']), type, data, at: Date.now(), headers: request.headers, body };
  }
}
