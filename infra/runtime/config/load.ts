import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { z } from 'zod';
import { SluiceError } from '../errors.ts';
import { type Config, configSchema } from './config.ts';
import { nearest } from './nearest.ts';
import { EnvReference, Secret } from './reference.ts';

/** One fault of a configuration: where, what was expected and what was found. */
export interface ConfigFault {
  readonly path: string;
  readonly message: string;
}

/**
 * Loads and checks a sluice.config.ts.
 * @throws CFG_NOT_FOUND when there is no such file, CFG_INVALID with every fault on a line of its own.
 */
export async function loadConfig(file: string, environment: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const path = resolve(file);
  if (!existsSync(path)) throw new SluiceError('CFG_NOT_FOUND', `No configuration at ${file}.`, { context: { file } });
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError('CFG_INVALID', `${file} cannot be run: ${reason}`, { cause, context: { file } });
  }
  return parseConfig(loaded.default, environment, file);
}

/** Checks a configuration value; the same as loadConfig for one already in memory. */
export function parseConfig(
  value: unknown,
  environment: NodeJS.ProcessEnv = process.env,
  file = 'configuration',
): Config {
  const faults: ConfigFault[] = [];
  const resolved = resolveReferences(value, environment, [], faults);
  const result = configSchema.safeParse(resolved, { reportInput: true });
  if (!result.success) {
    const known = new Set(faults.map((fault) => fault.path));
    faults.push(
      ...result.error.issues.flatMap((issue) => describeIssue(issue, resolved)).filter((f) => !known.has(f.path)),
    );
  }
  if (faults.length > 0 || !result.success) throw invalid(file, faults);
  return result.data;
}

function invalid(file: string, faults: readonly ConfigFault[]): SluiceError {
  const lines = faults.map((fault) => `  ${fault.path}: ${fault.message}`);
  const noun = faults.length === 1 ? 'fault' : 'faults';
  return new SluiceError('CFG_INVALID', `${file} has ${faults.length} ${noun}:\n${lines.join('\n')}`, {
    context: { file, faults: faults.length },
  });
}

type Path = readonly PropertyKey[];

function resolveReferences(value: unknown, environment: NodeJS.ProcessEnv, path: Path, faults: ConfigFault[]): unknown {
  if (value instanceof EnvReference) {
    const text = environment[value.name];
    if (text !== undefined) return value.parse(text);
    if (value.fallback !== undefined) return value.fallback;
    faults.push({ path: dotted(path), message: `expected the environment variable ${value.name}, found it unset` });
    return undefined;
  }
  if (Array.isArray(value)) return value.map((item, i) => resolveReferences(item, environment, [...path, i], faults));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolveReferences(item, environment, [...path, key], faults)]),
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): ConfigFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: dotted([...issue.path, key]),
      message: `unknown key${suggestion(key, knownKeys(issue.path))}`,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [first] = issue.errors;
    if (first !== undefined && first.length > 0)
      return first.flatMap((inner) =>
        describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, root),
      );
  }
  return [
    {
      path: dotted(issue.path),
      message: `${issue.message}; found ${issue.message.includes('secretEnv(') ? literalSecret(valueAt(root, issue.path)) : found(valueAt(root, issue.path))}`,
    },
  ];
}

/** The keys the schema knows at a path; empty where the schema is not an object. */
function knownKeys(path: Path): string[] {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const part of path) schema = shapeOf(schema)?.[String(part)];
  return Object.keys(shapeOf(schema) ?? {});
}

function shapeOf(schema: z.core.$ZodType | undefined): Record<string, z.core.$ZodType> | undefined {
  const def = schema?._zod.def as { innerType?: z.core.$ZodType; shape?: Record<string, z.core.$ZodType> } | undefined;
  return def?.shape ?? (def?.innerType ? shapeOf(def.innerType) : undefined);
}

function suggestion(key: string, candidates: readonly string[]): string {
  const best = nearest(key, candidates);
  return best === undefined ? `; known here: ${candidates.join(', ')}` : `; did you mean ${best}?`;
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], root);
}

function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Secret) return 'a secret';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'string') return inspect(value.replace(/:\/\/[^/@]*@/, '://[secret]@'), { maxStringLength: 60 });
  return inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 60 });
}

/** Whatever stands where a secret belongs may be one: only its kind is told. */
function literalSecret(value: unknown): string {
  return value === undefined ? 'nothing' : `a literal ${typeof value} (not shown)`;
}

function dotted(path: Path): string {
  return path.length === 0
    ? '(whole configuration)'
    : path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');
}
