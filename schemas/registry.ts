import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { AvroSchema } from './avroSchema.ts';

/** A Confluent-compatible schema registry. Ids and subjects are cached for ever: both are immutable by the registry's contract. */
export interface SchemaRegistry {
  /**
   * Registers the schema (or finds it registered) and gives its id.
   * @throws SluiceError SCHEMA_INCOMPATIBLE when the subject's rule refuses it
   */
  register(subject: string, schema: AvroSchema, signal?: AbortSignal): Promise<number>;
  /** The id under which the subject has exactly this schema; null when it does not. */
  lookup(subject: string, schema: AvroSchema, signal?: AbortSignal): Promise<number | null>;
  /** @throws SluiceError SCHEMA_UNKNOWN */
  schemaById(id: number, signal?: AbortSignal): Promise<AvroSchema>;
  /** The newest schema of the subject; null when there is none. */
  latest(subject: string, signal?: AbortSignal): Promise<{ readonly id: number; readonly schema: AvroSchema } | null>;
  /** Whether the schema may follow the newest one of the subject, by the subject's own rule. Compatible when the subject is new. */
  compatibility(subject: string, schema: AvroSchema, signal?: AbortSignal): Promise<Compatibility>;
  /** Every subject that is not deleted. */
  subjects(signal?: AbortSignal): Promise<readonly string[]>;
}

/** A registry's answer about a schema that is to follow another. */
export interface Compatibility {
  readonly compatible: boolean;
  /** What does not fit, in the registry's words; empty when all does or the registry does not say. */
  readonly messages: readonly string[];
}

export interface RegistryOptions {
  /** Base address under which /subjects and /schemas lie. */
  readonly url: string;
  /** Milliseconds one request may take. Default 10000. */
  readonly timeoutMs?: number;
  /** How often a request is tried while the registry is away. Default 5. */
  readonly attempts?: number;
  readonly fetch?: typeof fetch;
}

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
const SUBJECTS_AT_ONCE = 1000;
const NOT_FOUND_SUBJECT = 40401;

/** A client of the registry's REST interface. Source: Confluent "Schema Registry API Reference". */
export function createRegistry(options: RegistryOptions): SchemaRegistry {
  const base = options.url.replace(/\/+$/, '');
  const timeoutMs = options.timeoutMs ?? 10_000;
  const send = options.fetch ?? fetch;
  const byId = new Map<number, Promise<AvroSchema>>();
  const registered = new Map<string, number>();

  const once = async (method: string, path: string, body: unknown, signal?: AbortSignal): Promise<unknown> => {
    const what = `${method} ${base}${path}`;
    const limit = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await send(base + path, {
        method,
        headers: { accept: CONTENT_TYPE, ...(body !== undefined && { 'content-type': CONTENT_TYPE }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
      });
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new SluiceError(
        'SCHEMA_REGISTRY_UNREACHABLE',
        `No answer from the schema registry: ${what}: ${reason(error)}`,
        {
          cause: error,
        },
      );
    }
    if (response.status >= 500 || response.status === 429) {
      throw new SluiceError(
        'SCHEMA_REGISTRY_UNREACHABLE',
        `The schema registry is not ready: ${what} answered ${response.status}`,
      );
    }
    const answer = parse(text);
    if (response.ok) return answer;
    throw refused(what, response.status, answer, text);
  };
  const request = (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> =>
    retry(() => once(method, path, body, signal), {
      attempts: options.attempts ?? 5,
      maxMs: 2000,
      ...(signal && { signal }),
    });

  return {
    async register(subject, schema, signal) {
      const text = JSON.stringify(schema);
      const key = `${subject}\n${text}`;
      const known = registered.get(key);
      if (known !== undefined) return known;
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      const post = () => request('POST', path, { schema: text }, signal);
      // Of two that make one new subject at the same moment a registry may refuse the second, as if its schema did not fit.
      const answer = await post().catch((error: unknown) =>
        isCreatedMeanwhile(error) ? post() : Promise.reject(error),
      );
      const { id } = answer as { id: number };
      registered.set(key, id);
      return id;
    },
    async lookup(subject, schema, signal) {
      const text = JSON.stringify(schema);
      const key = `${subject}\n${text}`;
      const known = registered.get(key);
      if (known !== undefined) return known;
      try {
        const path = `/subjects/${encodeURIComponent(subject)}`;
        const { id } = (await request('POST', path, { schema: text }, signal)) as { id: number };
        registered.set(key, id);
        return id;
      } catch (error) {
        if (isUnknownSubject(error)) return null;
        throw error;
      }
    },
    schemaById(id, signal) {
      let found = byId.get(id);
      if (!found) {
        found = request('GET', `/schemas/ids/${id}`, undefined, signal).then(
          (answer) => JSON.parse((answer as { schema: string }).schema) as AvroSchema,
        );
        byId.set(id, found);
        found.catch(() => byId.delete(id));
      }
      return found;
    },
    async latest(subject, signal) {
      try {
        const path = `/subjects/${encodeURIComponent(subject)}/versions/latest`;
        const answer = (await request('GET', path, undefined, signal)) as { id: number; schema: string };
        return { id: answer.id, schema: JSON.parse(answer.schema) as AvroSchema };
      } catch (error) {
        if (isUnknownSubject(error)) return null;
        throw error;
      }
    },
    async compatibility(subject, schema, signal) {
      try {
        const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`;
        const answer = await request('POST', path, { schema: JSON.stringify(schema) }, signal);
        const { is_compatible: compatible, messages } = answer as { is_compatible: boolean; messages?: unknown };
        return { compatible, messages: Array.isArray(messages) ? messages.map(String) : [] };
      } catch (error) {
        if (isUnknownSubject(error)) return { compatible: true, messages: [] };
        throw error;
      }
    },
    async subjects(signal) {
      const all = new Set<string>();
      // Without a limit Apicurio gives the first thousand. A registry that knows neither limit nor offset gives all of them, twice.
      for (;;) {
        const path = `/subjects?offset=${all.size}&limit=${SUBJECTS_AT_ONCE}`;
        const page = (await request('GET', path, undefined, signal)) as string[];
        const before = all.size;
        for (const subject of page) all.add(subject);
        if (page.length < SUBJECTS_AT_ONCE || all.size === before) return [...all];
      }
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(what: string, status: number, answer: unknown, text: string): SluiceError {
  const { error_code: code, message } = (answer ?? {}) as { error_code?: number; message?: string };
  const said = (message ?? text).slice(0, 500);
  const context = { status, registryErrorCode: code };
  if (status === 409)
    return new SluiceError('SCHEMA_INCOMPATIBLE', `The schema registry refused ${what}: ${said}`, { context });
  if (status === 404)
    return new SluiceError('SCHEMA_UNKNOWN', `The schema registry does not know it: ${what}: ${said}`, { context });
  return new SluiceError('SCHEMA_REGISTRY_REFUSED', `The schema registry refused ${what} (${status}): ${said}`, {
    context,
  });
}

/** In the words of Apicurio 2, which answers 409 as for a schema that does not fit. */
function isCreatedMeanwhile(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'SCHEMA_INCOMPATIBLE' && /already exists/.test(error.message);
}

function isUnknownSubject(error: unknown): boolean {
  return (
    error instanceof SluiceError &&
    error.code === 'SCHEMA_UNKNOWN' &&
    (error.context['registryErrorCode'] === NOT_FOUND_SUBJECT || error.context['status'] === 404)
  );
}

/** Node's fetch hides the network error in the cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const inner = cause instanceof Error ? cause : error;
  return inner instanceof Error ? inner.message || inner.name : String(inner);
}
