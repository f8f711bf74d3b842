import type { TlsMode } from './tds/prelogin.ts';

/** Settings of the stand-in program, from its command line and environment. */
export interface StandinOptions {
  readonly help: boolean;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Scripts to run as sa before listening, in order. */
  readonly initFiles: readonly string[];
  readonly captureIntervalMs: number;
  readonly tls: TlsMode;
  /** PEM file with the private key and its certificate; undefined = one is made. */
  readonly tlsCertificate: string | undefined;
  readonly databases: readonly string[];
  /** Directory that keeps all data; undefined = in memory only. */
  readonly dataDirectory: string | undefined;
  /** Log requests on standard error (statement texts, never parameter values). */
  readonly trace: boolean;
  /** From STANDIN_SA_PASSWORD; undefined = make one up. */
  readonly saPassword: string | undefined;
}

/** A command line that cannot be understood: what, expected, found. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const HELP = `Usage: node infra/standin/main.ts [options]

A stand-in for SQL Server, for tests and demos: TDS 7.4, a T-SQL subset, change data capture. It is not SQL Server and keeps all data in
memory, unless told otherwise. When it listens it prints one JSON line: {"event":"listening","host":"127.0.0.1","port":…,"pid":…}.

  --port N                port to listen on; 0 = any free one (default 0)
  --host ADDRESS          address to listen on (default 127.0.0.1)
  --init FILE             script to run as sa before listening, split on GO lines; may be given several times
  --database NAME         create an empty database; may be given several times
  --data DIR              keep everything in this directory too, safe against crashes; --init and --database count at the first start only
  --capture-interval MS   how often the capture job reads the log, 10 to 60000 (default 100)
  --tls off|on|required   whether connections may or must be encrypted (default on; self-signed certificate)
  --tls-certificate FILE  PEM file with a private key and its certificate, in place of the self-signed one
  --trace                 log requests on standard error: statement texts, never parameter values
  --help                  this text

Environment: STANDIN_SA_PASSWORD = password of sa. Without it one is made up and printed in the listening line ("saPassword").
`;

interface Draft {
  help: boolean;
  host: string;
  port: number;
  initFiles: string[];
  captureIntervalMs: number;
  tls: TlsMode;
  tlsCertificate: string | undefined;
  databases: string[];
  dataDirectory: string | undefined;
  trace: boolean;
}

const TLS_MODES: readonly TlsMode[] = ['off', 'on', 'required'];

/** Options with a value, each with what it does to the draft. */
const WITH_VALUE: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  '--port': (draft, value) => {
    draft.port = integerIn('--port', value, 0, 65535);
  },
  '--host': (draft, value) => {
    draft.host = value;
  },
  '--init': (draft, value) => {
    draft.initFiles.push(value);
  },
  '--database': (draft, value) => {
    draft.databases.push(databaseName(value));
  },
  '--data': (draft, value) => {
    draft.dataDirectory = value;
  },
  '--capture-interval': (draft, value) => {
    draft.captureIntervalMs = integerIn('--capture-interval', value, 10, 60_000);
  },
  '--tls': (draft, value) => {
    const mode = TLS_MODES.find((known) => known === value);
    if (mode === undefined) throw new UsageError(`--tls: expected off, on or required, found "${value}"`);
    draft.tls = mode;
  },
  '--tls-certificate': (draft, value) => {
    draft.tlsCertificate = value;
  },
};

/** Reads `--name value` and `--name=value`. Throws a `UsageError`. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): StandinOptions {
  const draft: Draft = {
    help: false,
    host: '127.0.0.1',
    port: 0,
    initFiles: [],
    captureIntervalMs: 100,
    tls: 'on',
    tlsCertificate: undefined,
    databases: [],
    dataDirectory: undefined,
    trace: false,
  };
  for (let i = 0; i < args.length; i++) {
    const [name = '', inline] = split(args[i]!);
    if (name === '--help' || name === '-h') draft.help = true;
    else if (name === '--trace') draft.trace = true;
    else {
      const apply = WITH_VALUE[name];
      if (apply === undefined) throw new UsageError(`unknown option "${name}"`);
      const value = inline ?? args[++i];
      if (value === undefined || value === '') throw new UsageError(`${name}: a value is missing`);
      apply(draft, value);
    }
  }
  const saPassword = env['STANDIN_SA_PASSWORD'];
  return { ...draft, saPassword: saPassword === '' ? undefined : saPassword };
}

function split(arg: string): [string, string?] {
  const at = arg.indexOf('=');
  return at > 0 && arg.startsWith('--') ? [arg.slice(0, at), arg.slice(at + 1)] : [arg];
}

function integerIn(name: string, value: string, low: number, high: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < low || number > high)
    throw new UsageError(`${name}: expected a whole number from ${low} to ${high}, found "${value}"`);
  return number;
}

function databaseName(value: string): string {
  if (!/^[A-Za-z_][\w$#@]{0,122}$/.test(value)) throw new UsageError(`--database: "${value}" is no regular name`);
  return value;
}
