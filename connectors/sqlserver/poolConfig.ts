import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import type { config as MssqlConfig } from 'mssql';
import { guardEncryption } from './encryptionGuard.ts';
import { readRowsFast } from './fastRows.ts';

/** How to reach one database. */
export interface DatabaseOptions {
  readonly server: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Encrypt, and refuse a server that does not. */
  readonly encrypt: boolean;
  readonly trustServerCertificate: boolean;
  /** PEM text of the authority that signed the server's certificate, where it is none that this machine knows. */
  readonly certificateAuthority?: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Most connections at once. Default 4. */
  readonly maxConnections?: number;
  /** Shown in the server's session lists. Default `sluice`. */
  readonly applicationName?: string;
  /** Declares that only reads will come, for routing to a readable secondary. */
  readonly readOnlyIntent?: boolean;
}

/** What was learnt while a connection was made; the driver keeps neither. */
export interface ConnectState {
  /** The server should encrypt and does not. */
  plain: boolean;
  /** Errors the server sent with its refusal: it names the reason first and "login failed" last. */
  refusals: { readonly number: number; readonly message: string }[];
  /** Connections made so far: one more may lead to another server. */
  opened: number;
}

/** The parts of the driver's connection that are used here. */
interface DriverConnection {
  on(event: 'errorMessage', listener: (token: { number: number; message: string }) => void): void;
  off(event: 'errorMessage', listener: (token: { number: number; message: string }) => void): void;
  once(event: 'connect', listener: () => void): void;
}

/** The driver's settings; `state` is told what happens at connecting. */
export function poolConfig(options: DatabaseOptions, state: ConnectState): MssqlConfig {
  return {
    server: options.server,
    port: options.port,
    database: options.database,
    user: options.user,
    password: options.password,
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    pool: { min: 0, max: options.maxConnections ?? 4, idleTimeoutMillis: 60_000 },
    // A dead socket shows itself; asking the server before each query would double the load on the source.
    validateConnection: 'socket',
    beforeConnect: (connection: DriverConnection): void => {
      state.refusals = [];
      readRowsFast(connection);
      const note = ({ number, message }: { number: number; message: string }): void => {
        state.refusals.push({ number, message });
      };
      connection.on('errorMessage', note);
      connection.once('connect', () => connection.off('errorMessage', note));
    },
    options: {
      encrypt: options.encrypt,
      trustServerCertificate: options.trustServerCertificate,
      // An address is no TLS server name (RFC 6066 §3). Where the certificate is not checked any name will do.
      ...(options.trustServerCertificate && isIP(options.server) !== 0 ? { serverName: 'localhost' } : {}),
      ...(options.certificateAuthority === undefined
        ? {}
        : { cryptoCredentialsDetails: { ca: options.certificateAuthority } }),
      appName: options.applicationName ?? 'sluice',
      enableArithAbort: true,
      useUTC: true,
      packetSize: 16_384,
      readOnlyIntent: options.readOnlyIntent ?? false,
      connector: () => openSocket(options, state),
    },
  } as unknown as MssqlConfig;
}

/** The driver's own sockets wait for Nagle's algorithm, which costs 40 ms for each long request; this one does not. */
async function openSocket(options: DatabaseOptions, state: ConnectState): Promise<Socket> {
  const socket = connect({ host: options.server, port: options.port, noDelay: true, keepAlive: true });
  const limit = AbortSignal.timeout(options.connectTimeoutMs);
  try {
    await once(socket, 'connect', { signal: limit });
  } catch (error) {
    socket.destroy();
    if (limit.aborted) throw new Error(`no connection within ${options.connectTimeoutMs} ms`);
    throw error;
  }
  state.opened++;
  if (options.encrypt) {
    guardEncryption(socket, () => {
      state.plain = true;
    });
  }
  return socket;
}
