import type { AddressInfo } from 'node:net';
import { SluiceError } from '../errors.ts';
import type { Component } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';

/** The part of an HTTP framework's application that listening needs. */
export interface ListeningApp {
  readonly server: { address(): AddressInfo | string | null; closeAllConnections(): void };
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
  close(): PromiseLike<unknown>;
}

export interface ListenerOptions {
  /** Names the door in logs and messages: `command API`. */
  readonly name: string;
  readonly app: ListeningApp;
  readonly http: { readonly host: string; readonly port: number };
  readonly log: Logger;
  /** Default http. */
  readonly scheme?: 'http' | 'https';
  /** Milliseconds running requests may take to end when the process stops. Default 5000. */
  readonly drainMs?: number;
}

/** Listens from start to stop. At stop it takes no new requests, lets running ones end, and cuts what has not ended in time. */
export class HttpListener implements Component {
  readonly name: string;
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** scheme://host:port once started, else ''. */
  get url(): string {
    const address = this.#options.app.server.address();
    if (address === null || typeof address === 'string') return '';
    return `${this.#options.scheme ?? 'http'}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  /** @throws HTTP_LISTEN_FAILED when the address is taken or not ours. */
  async start(): Promise<void> {
    const { app, http, log, name } = this.#options;
    try {
      await app.listen({ ...http });
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new SluiceError(
        'HTTP_LISTEN_FAILED',
        `The ${name} could not listen on ${http.host}:${http.port}: ${reason}.`,
        { cause },
      );
    }
    log.info({ event: 'http_listening', door: name, url: this.url });
  }

  async stop(): Promise<void> {
    const { app, drainMs = 5000 } = this.#options;
    const cut = setTimeout(() => app.server.closeAllConnections(), drainMs);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  }
}
