import { destination, type Logger as PinoLogger, pino } from 'pino';

/**
 * Logs are JSON lines on standard error: `log.info({ event: 'change_batch_published', rows: 12 })`. `event` is past-tense snake case.
 * debug = per batch, info = state change, warn = degraded and self-healing, error = someone must act. Rows and secrets are never logged.
 */
export type Logger = PinoLogger;

const REDACTED_PATHS = ['password', 'secret', 'authorization', 'apiKey', 'token', 'connectionString'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

export type LogLevel = 'silent' | 'debug' | 'info' | 'warn' | 'error';

/** A logger that writes to standard error without buffering, so that a killed process loses no line. */
export function createLogger(name: string, level: LogLevel = 'info'): Logger {
  return pino(
    { name, level, base: { name, pid: process.pid }, redact: { paths: REDACTED_PATHS, censor: '[redacted]' } },
    destination({ dest: 2, sync: true }),
  );
}

/** For tests and pure code: says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
