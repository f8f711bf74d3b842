import { InvalidArgumentError, Option } from 'commander';

/** Options that several commands share, and how a command ends. */

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'configuration to use').default('sluice.config.ts').env('SLUICE_CONFIG');

export const jsonOption = (): Option => new Option('--json', 'print JSON instead of text').default(false);

export const logLevelOption = (fallback: string): Option =>
  new Option('--log-level <level>', 'least severe level to log')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])
    .default(fallback)
    .env('SLUICE_LOG_LEVEL');

/** Reads an option that is a whole number, at least this one. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number from ${least}, found ${text}`);
    return value;
  };

/** Reads an option that is a moment; ms since 1970. */
export function moment(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError(`expected a moment such as 2026-01-31T12:00:00Z, found ${text}`);
  return ms;
}

/** Every command closes what it opened; a handle that is left all the same must not keep the process. */
const LINGER_MS = 3000;

/** Ends the process with this exit code once nothing is left to do, at the latest after a few seconds. */
export function finish(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
