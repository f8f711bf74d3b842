import { userInfo } from 'node:os';
import { LetterDesk, type Redelivered } from '#consumers/runner/letterDesk.ts';
import { letterFacts, originalOf } from '#consumers/runner/letterFormat.ts';
import { type LetterFilter, type ListedLetter, listLetters, readLetters } from '#consumers/runner/letterReader.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { describeError, hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { createDecoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { withKafka } from '../withKafka.ts';

/** What every `sluice dlq` command takes. */
export interface LetterOptions {
  readonly config: string;
  readonly json: boolean;
  readonly group?: string;
  readonly topic?: string;
  readonly code?: string;
  readonly since?: number;
  readonly all?: boolean;
}

/** How often the outcome of a redelivery is looked at. */
const LOOK_MS = 250;

/** Prints the letters that are not settled. Exit code 4 when there are any. */
export async function list(options: LetterOptions & { limit: number }): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const letters = await lettersOf(kafka, config, [], options, signal);
    const shown = letters.slice(0, options.limit);
    if (options.json) printJson(shown);
    else if (letters.length === 0) print('no dead letters');
    else {
      printLetters(shown);
      if (shown.length < letters.length) print(`… and ${letters.length - shown.length} more (--limit)`);
    }
    return letters.length === 0 ? EXIT.ok : EXIT.unhealthy;
  });
}

/** Prints one letter with its record decoded. */
export async function show(id: string, options: LetterOptions): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const [letter] = await lettersOf(kafka, config, [id], options, signal);
    await readLetters(
      kafka,
      config.consumers.groupPrefix,
      [letter!],
      async ([record]) => {
        const decoded = await decodedRecord(config, originalOf(record!)!);
        const { at: _, ...facts } = { ...letter!, ...letterFacts(record!) };
        printJson({ ...facts, record: decoded });
      },
      signal,
    );
    return EXIT.ok;
  });
}

/** Gives letters to their groups once more and waits for what becomes of them. Exit code 4 when one came back or was not taken. */
export async function redeliver(
  ids: readonly string[],
  options: LetterOptions & { execute: boolean; timeout: number },
): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const letters = await chosen(kafka, config, ids, options, signal);
    if (!options.execute) return dryRun('redeliver', letters, options);
    const desk = new LetterDesk(kafka, config.consumers.groupPrefix, config.kafka.replicationFactor);
    try {
      await desk.redeliver(letters, userInfo().username, signal);
      const outcomes = await awaitOutcomes(desk, letters, options.timeout * 1000, signal);
      const rows = letters.map((letter, i) => ({ id: letter.id, outcome: outcomes[i]! }));
      if (options.json) printJson(rows);
      else print(formatTable([['id', 'outcome'], ...rows.map(({ id, outcome }) => [id, outcome])]));
      return outcomes.every((outcome) => outcome === 'settled') ? EXIT.ok : EXIT.unhealthy;
    } finally {
      await desk.close();
    }
  });
}

/** Takes letters away. */
export async function discard(
  ids: readonly string[],
  options: LetterOptions & { execute: boolean; reason: string },
): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const letters = await chosen(kafka, config, ids, options, signal);
    if (!options.execute) return dryRun('discard', letters, options);
    const desk = new LetterDesk(kafka, config.consumers.groupPrefix, config.kafka.replicationFactor);
    try {
      await desk.discard(letters, userInfo().username, options.reason, signal);
    } finally {
      await desk.close();
    }
    if (options.json) printJson(letters.map(({ id }) => ({ id, outcome: 'discarded' })));
    else print(`${letters.length} discarded`);
    return EXIT.ok;
  });
}

/** The letters that fit. @throws DEAD_LETTER_UNKNOWN for an id that fits none or several */
async function lettersOf(
  kafka: KafkaClient,
  config: Config,
  ids: readonly string[],
  { group, topic, code, since }: LetterOptions,
  signal: AbortSignal,
): Promise<ListedLetter[]> {
  const filter: LetterFilter = {
    ...(ids.length > 0 && { ids }),
    ...(group !== undefined && { group }),
    ...(topic !== undefined && { topic }),
    ...(code !== undefined && { code }),
    ...(since !== undefined && { sinceMs: since }),
  };
  const letters = await listLetters(kafka, config.consumers.groupPrefix, filter, signal).catch((error: unknown) => {
    if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return [];
    throw error;
  });
  for (const id of ids) {
    const found = letters.filter((letter) => letter.id.startsWith(id.toLowerCase())).length;
    if (found !== 1)
      throw new SluiceError('DEAD_LETTER_UNKNOWN', `Id ${id}: expected one open dead letter, found ${found}.`);
  }
  return letters;
}

/** The letters to act on. @throws DEAD_LETTER_UNKNOWN when nothing says which are meant */
async function chosen(
  kafka: KafkaClient,
  config: Config,
  ids: readonly string[],
  options: LetterOptions,
  signal: AbortSignal,
): Promise<ListedLetter[]> {
  const { group, topic, code, since, all } = options;
  if (ids.length === 0 && !all && [group, topic, code, since].every((part) => part === undefined))
    throw new SluiceError('DEAD_LETTER_UNKNOWN', 'Expected ids, a filter or --all, found none.');
  return lettersOf(kafka, config, ids, options, signal);
}

function dryRun(what: string, letters: readonly ListedLetter[], { json }: LetterOptions): number {
  if (json) printJson(letters);
  else {
    if (letters.length > 0) printLetters(letters);
    print(`dry run: would ${what} ${letters.length}; add --execute to do it`);
  }
  return EXIT.ok;
}

async function awaitOutcomes(
  desk: LetterDesk,
  letters: readonly ListedLetter[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Redelivered[]> {
  const endMs = systemClock.now() + timeoutMs;
  for (;;) {
    const outcomes = await desk.outcomes(letters, signal);
    if (!outcomes.includes('not taken yet') || systemClock.now() >= endMs) return outcomes;
    await systemClock.sleep(LOOK_MS, signal);
  }
}

function printLetters(letters: readonly ListedLetter[]): void {
  const rows = letters.map((l) => [
    l.id,
    l.groupId,
    `${l.topic}/${l.partition}@${l.offset}`,
    l.code,
    l.attempts,
    l.lastAt,
    l.message.length > 80 ? `${l.message.slice(0, 79)}…` : l.message,
  ]);
  print(formatTable([['id', 'group', 'record', 'code', 'attempts', 'last tried', 'reason'], ...rows]));
}

/** Key and value as objects; what cannot be decoded is given as hexadecimal bytes with the reason. */
async function decodedRecord(config: Config, record: IncomingMessage): Promise<unknown> {
  const decoder = createDecoder(createRegistry(config.registry));
  const part = async (bytes: Buffer | null): Promise<unknown> => {
    if (bytes === null) return null;
    try {
      return await decoder.decode(bytes);
    } catch (error) {
      return { undecoded: describeError(error), bytes: bytes.toString('hex') };
    }
  };
  const headers = Object.fromEntries(
    Object.entries(record.headers).flatMap(([name, value]) =>
      name.startsWith('sluice.dead.') ? [] : [[name, value.toString('utf8')]],
    ),
  );
  return { key: await part(record.key), value: await part(record.value), headers };
}
