import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { SluiceError } from '../errors.ts';

/** A value taken from the environment when the configuration is loaded, so that all missing ones are reported together. */
export class EnvReference<T> {
  readonly name: string;
  readonly fallback: T | undefined;
  readonly parse: (text: string) => T;

  constructor(name: string, fallback: T | undefined, parse: (text: string) => T) {
    this.name = name;
    this.fallback = fallback;
    this.parse = parse;
  }
}

/** The text of an environment variable. */
export function env(name: string, fallback?: string): EnvReference<string> {
  return new EnvReference(name, fallback, (text) => text);
}

/** An environment variable as a number; text that is not one is reported as found. */
export function envNumber(name: string, fallback?: number): EnvReference<number> {
  return new EnvReference(name, fallback, (text) => (text.trim() === '' ? Number.NaN : Number(text)));
}

/** `true` or `false`; anything else is reported as found. */
export function envBoolean(name: string, fallback?: boolean): EnvReference<boolean> {
  return new EnvReference(name, fallback, (text) =>
    text === 'true' ? true : text === 'false' ? false : (text as never),
  );
}

/** A comma-separated list of texts. */
export function envList(name: string, fallback?: readonly string[]): EnvReference<readonly string[]> {
  return new EnvReference(name, fallback, (text) => text.split(',').map((part) => part.trim()));
}

/**
 * A secret that is read when it is used and never printed: it inspects, serialises and converts to `[secret]`.
 * Secrets come from the environment or from a file, never from the configuration itself.
 */
export class Secret {
  readonly #read: () => string;
  /** Where it comes from, for messages: `environment variable X` or `file Y`. */
  readonly origin: string;

  constructor(origin: string, read: () => string) {
    this.origin = origin;
    this.#read = read;
  }

  /** @throws CFG_SECRET_MISSING when the variable or file is not there or empty. */
  read(): string {
    const value = this.#read();
    if (value === '') throw missing(this.origin);
    return value;
  }

  /** Whether it could be read now. */
  exists(): boolean {
    try {
      return this.read() !== '';
    } catch {
      return false;
    }
  }

  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [inspect.custom](): string {
    return '[secret]';
  }
}

/** A secret in an environment variable. */
export function secretEnv(name: string): Secret {
  return new Secret(`environment variable ${name}`, () => process.env[name] ?? '');
}

/** A secret in a file (as container platforms mount them); one trailing line break is not part of it. */
export function secretFile(path: string): Secret {
  return new Secret(`file ${path}`, () => {
    try {
      return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw missing(`file ${path}`, cause);
    }
  });
}

function missing(origin: string, cause?: unknown): SluiceError {
  return new SluiceError('CFG_SECRET_MISSING', `Secret expected in ${origin}, found nothing there.`, {
    context: { origin },
    cause,
  });
}
