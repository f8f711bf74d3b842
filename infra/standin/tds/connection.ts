import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { EngineSession, LoginResult } from './engineSession.ts';
import { type Login7, readLogin7 } from './login7.ts';
import { replyLoggedIn, replyLoginFailed } from './loginReply.ts';
import { type Message, PacketReader } from './packetReader.ts';
import { agreeOnEncryption, encryptionWish, readPrelogin, type TlsMode, writePrelogin } from './prelogin.ts';
import { DONE, PACKET, ProtocolError, STATUS, TOKEN } from './protocol.ts';
import { RequestRunner } from './requestRunner.ts';
import { TlsCarrier } from './tlsCarrier.ts';
import { writeDone, writeMessage } from './tokens.ts';
import { TokenWriter } from './tokenWriter.ts';
import type { WireLog } from './wireLog.ts';

export interface ConnectionOptions {
  readonly tls: TlsMode;
  /** Needed unless `tls` is 'off'; must not go beyond TLS 1.2 (see ../tls/serverContext.ts). */
  readonly secureContext: SecureContext | null;
  /** Largest request in bytes; a larger one closes the connection. */
  readonly maxMessageBytes: number;
  /** How long a client may take from connecting to LOGIN7. */
  readonly loginTimeoutMs: number;
  readonly log: WireLog;
}

/** A request before login needs no more than this. */
const MAX_LOGIN_BYTES = 64 * 1024;
/** Requests a client may send ahead of their replies; TDS without MARS needs 1 and an attention. */
const MAX_QUEUED = 64;
const HANG_UP_MS = 2000;

/** One client connection: prelogin, TLS, login, then requests until either side closes. */
export class Connection {
  readonly #socket: Socket;
  readonly #engine: EngineSession;
  readonly #spid: number;
  readonly #options: ConnectionOptions;
  readonly #log: WireLog;
  readonly #writer: TokenWriter;
  readonly #reader: PacketReader;
  readonly #queue: Message[] = [];
  #wake: () => void = () => {};
  #closed = false;
  #running: AbortController | null = null;
  #controller = new AbortController();
  #encrypted = false;

  constructor(socket: Socket, engine: EngineSession, spid: number, options: ConnectionOptions) {
    this.#socket = socket;
    this.#engine = engine;
    this.#spid = spid;
    this.#options = options;
    this.#log = (level, event, facts) => options.log(level, event, { spid, ...facts });
    this.#writer = new TokenWriter(socket, spid);
    this.#reader = new PacketReader(MAX_LOGIN_BYTES, (message) => this.#received(message));
  }

  /** Serves the connection to its end. Never rejects: what goes wrong is logged and closes this connection only. */
  async serve(): Promise<void> {
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => this.#log('debug', 'socket_failed', { error: error.message }));
    this.#socket.on('close', () => this.#onClose());
    this.#socket.on('data', this.#onData);
    const timer = setTimeout(() => this.#abandon('no login in time'), this.#options.loginTimeoutMs);
    try {
      const login = await this.#untilLogin();
      clearTimeout(timer);
      if (login !== null && (await this.#login(login))) await this.#serveRequests();
      this.#hangUp();
    } catch (error) {
      this.#fail(error);
    } finally {
      clearTimeout(timer);
      this.#engine.close();
    }
  }

  /** Ends the connection from the server's side; a running request is aborted. */
  close(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.#fail(error);
    }
  };

  #onClose(): void {
    this.#closed = true;
    this.#running?.abort();
    this.#wake();
  }

  #received(message: Message): void {
    if (this.#queue.length >= MAX_QUEUED) throw new ProtocolError('too many requests ahead of their replies');
    if (message.type === PACKET.attention) this.#running?.abort();
    this.#queue.push(message);
    this.#wake();
  }

  /** The next message; null when the connection is closed. */
  async #next(): Promise<Message | null> {
    while (this.#queue.length === 0) {
      if (this.#closed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#queue.shift()!;
  }

  #abandon(why: string): void {
    this.#log('warn', 'connection_refused', { why });
    this.#socket.destroy();
  }

  #fail(error: unknown): void {
    if (!this.#closed) {
      if (error instanceof ProtocolError) this.#log('warn', 'protocol_violated', { why: error.message });
      else if (error instanceof Error)
        this.#log('error', 'request_failed', { error: error.message, stack: error.stack });
      else this.#log('error', 'request_failed', { error: String(error) });
    }
    if (error instanceof ProtocolError) this.#socket.destroy();
    else this.#hangUp();
  }

  /** Closes when the last reply has been sent, or a little later when the client does not take it. */
  #hangUp(): void {
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), HANG_UP_MS).unref();
  }

  // ---- prelogin, TLS and login

  async #untilLogin(): Promise<Login7 | null> {
    const first = await this.#next();
    if (first === null) return null;
    if (first.type !== PACKET.prelogin)
      throw new ProtocolError(`a first message of type ${first.type}, prelogin expected`);
    const options = readPrelogin(first.body);
    const agreement = agreeOnEncryption(encryptionWish(options), this.#options.tls);
    this.#writer.bytes(writePrelogin(agreement.answer, options));
    let leaveTls = (): void => {};
    if (agreement.tls === 'none') this.#writer.endMessage();
    else leaveTls = this.#enterTls(() => this.#writer.endMessage());
    const message = await this.#next();
    if (message === null) {
      if (agreement.refused)
        this.#log('warn', 'connection_refused', { why: 'encryption is required; the client has none' });
      return null;
    }
    if (agreement.refused) throw new ProtocolError('a login in plain text where encryption is required');
    if (message.type !== PACKET.login) throw new ProtocolError(`a message of type ${message.type}, login expected`);
    if (agreement.tls === 'login') leaveTls();
    this.#encrypted = agreement.tls === 'all';
    return readLogin7(message.body);
  }

  /** Puts TLS between the socket and the packets. Returns what takes it out again, for logins that alone are encrypted. */
  #enterTls(sendAnswer: () => void): () => void {
    const socket = this.#socket;
    const carrier = new TlsCarrier(socket);
    const secure = new TLSSocket(carrier as unknown as Socket, {
      isServer: true,
      secureContext: this.#options.secureContext!,
    });
    const feed = (chunk: Buffer): void => carrier.feed(chunk);
    socket.off('data', this.#onData);
    socket.on('data', feed);
    socket.once('close', () => carrier.destroy());
    secure.on('data', this.#onData);
    secure.on('error', (error) => {
      if (!this.#closed) this.#log('warn', 'tls_failed', { error: error.message });
      socket.destroy();
    });
    sendAnswer();
    this.#writer.redirect(secure as Duplex);
    return () => {
      socket.off('data', feed);
      secure.off('data', this.#onData);
      socket.on('data', this.#onData);
      this.#writer.redirect(socket);
    };
  }

  async #login(login: Login7): Promise<boolean> {
    const result = await this.#authenticate(login);
    if (!result.ok) {
      this.#log('info', 'login_failed', { user: login.user, errors: result.errors.map((error) => error.number) });
      replyLoginFailed(this.#writer, result.errors);
      return false;
    }
    this.#reader.limitBytes = this.#options.maxMessageBytes;
    replyLoggedIn(this.#writer, {
      database: result.database,
      packetBytes: login.packetBytes,
      features: login.features,
    });
    this.#log('debug', 'login_succeeded', { user: login.user, database: result.database, encrypted: this.#encrypted });
    return true;
  }

  async #authenticate(login: Login7): Promise<LoginResult> {
    if (login.integrated || login.changesPassword) {
      const text = `Login failed for user '${login.user}'. Reason: only SQL Server authentication is served.`;
      return { ok: false, errors: [{ number: 18456, severity: 14, state: 1, text, line: 1, proc: '' }] };
    }
    return this.#engine.login({
      ...login,
      spid: this.#spid,
      encrypted: this.#encrypted,
      remoteAddress: this.#socket.remoteAddress ?? '',
      disconnect: () => this.close(),
    });
  }

  // ---- requests

  async #serveRequests(): Promise<void> {
    const runner = new RequestRunner(this.#engine, this.#writer, this.#log);
    for (let message = await this.#next(); message !== null; message = await this.#next()) {
      if (message.type === PACKET.attention) writeDone(this.#writer, TOKEN.done, DONE.attention);
      else if ((message.status & STATUS.ignore) !== 0) writeDone(this.#writer, TOKEN.done, DONE.error);
      else if ((await this.#run(runner, message)) === 'close') return;
      this.#writer.endMessage();
    }
  }

  async #run(runner: RequestRunner, message: Message): Promise<'go on' | 'close'> {
    // One controller serves all requests until an attention has used it up: making one costs more than a small request.
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
    const running = this.#controller;
    this.#running = running;
    // The attention may have come while the request stood in the queue.
    if (this.#closed || this.#queue.some(({ type }) => type === PACKET.attention)) running.abort();
    try {
      const outcome = await runner.run(message, running.signal);
      if (outcome === 'close') this.#writer.endMessage();
      return outcome;
    } catch (error) {
      if (!(error instanceof ProtocolError) && !this.#closed) this.#tellFault();
      throw error;
    } finally {
      this.#running = null;
    }
  }

  /** Tells the client that the engine has failed, before the connection is closed. */
  #tellFault(): void {
    const text = 'The stand-in has failed in this request and closes the connection; see its log.';
    writeMessage(this.#writer, { number: 50000, severity: 20, state: 1, text, line: 1, proc: '' });
    writeDone(this.#writer, TOKEN.done, DONE.error);
    this.#writer.endMessage();
  }
}
