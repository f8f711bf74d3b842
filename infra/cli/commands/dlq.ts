import { auditTopic } from '#consumers/runner/auditLog.ts';
import { LetterDesk, type Redelivered } from '#consumers/runner/letterDesk.ts';
import { type LetterFilter, type ListedLetter, listLetters, readLetters } from '#consumers/runner/letterReader.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { operatorName } from '#infra/runtime/config/operatorName.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { createDecoder, type Decoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { EXIT } from '../exitCodes.ts';
import { parseKey } from '../keyOption.ts';
import {
  hasKey,
  type LetterView,
  letterRecord,
  lettersSummary,
  lettersTable,
  letterText,
  letterView,
} from '../letterView.ts';
import { formatTable, print, printJson } from '../output.ts';
import { withKafka } from '../withKafka.ts';

/** What every `sluice dlq` command takes. */
export interface LetterOptions {
  readonly config: string;
  readonly json: boolean;
  readonly group?: string;
  readonly topic?: string;
  readonly code?: string;
  /** JSON object of key columns. */
  readonly key?: string;
  /** Tried at least so often. */
  readonly attempts?: number;
  /** Moments between which they were last tried, ms since 1970. */
  readonly since?: number;
  readonly until?: number;
  readonly all?: boolean;
}

/** How often the outcome of a redelivery is looked at. */
const LOOK_MS = 250;

/** A letter that was asked for, and how it is shown. */
interface ChosenLetter {
  readonly letter: ListedLetter;
  readonly view: LetterView;
}

/** Prints the letters that are not settled, without their values. Exit code 4 when there are any. */
export async function list(options: LetterOptions & { limit: number }): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const views = (await lettersOf(kafka, config, [], options, signal)).map(({ view }) => view);
    const shown = views.slice(0, options.limit);
    if (options.json) printJson(shown);
    else if (views.length === 0) print('no dead letters');
    else {
      print(lettersTable(shown));
      print(lettersSummary(views));
      if (shown.length < views.length) print(`… and ${views.length - shown.length} more (--limit)`);
    }
    return views.length === 0 ? EXIT.ok : EXIT.unhealthy;
  });
}

/** Prints one letter with its record decoded. */
export async function show(id: string, options: LetterOptions): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const [{ letter, view }] = (await lettersOf(kafka, config, [id], options, signal)) as [ChosenLetter];
    const decoder = decoderOf(config);
    const printWhole = async ([stored]: readonly IncomingMessage[]): Promise<void> => {
      const whole = await letterRecord(stored!, view, decoder);
      if (options.json) return printJson(whole);
      print(letterText(view));
      print('value');
      printJson(whole.record.value);
      print(`again: sluice dlq redeliver ${letter.id}; give it up: sluice dlq discard ${letter.id} --reason TEXT`);
    };
    await readLetters(kafka, config.consumers.groupPrefix, [letter], printWhole, signal);
    return EXIT.ok;
  });
}

/** Gives letters to their groups once more and waits for what becomes of them. Exit code 4 when one came back or was not taken. */
export async function redeliver(
  ids: readonly string[],
  options: LetterOptions & { execute: boolean; timeout: number },
): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const picked = await chosen(kafka, config, ids, options, signal);
    if (!options.execute) return dryRun('redeliver', picked, options);
    const letters = picked.map(({ letter }) => letter);
    const by = operatorName();
    const desk = new LetterDesk(kafka, config.consumers.groupPrefix, config.kafka.replicationFactor);
    try {
      await desk.redeliver(letters, by, signal);
      const outcomes = await awaitOutcomes(desk, letters, options.timeout * 1000, signal);
      const rows = letters.map((letter, i) => ({ id: letter.id, outcome: outcomes[i]! }));
      if (options.json) printJson({ action: 'redeliver', dryRun: false, by, letters: rows });
      else {
        print(formatTable([['id', 'outcome'], ...rows.map(({ id, outcome }) => [id, outcome])]));
        print(auditLine(config, by));
      }
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
    const picked = await chosen(kafka, config, ids, options, signal);
    if (!options.execute) return dryRun('discard', picked, options);
    const letters = picked.map(({ letter }) => letter);
    const by = operatorName();
    const desk = new LetterDesk(kafka, config.consumers.groupPrefix, config.kafka.replicationFactor);
    try {
      await desk.discard(letters, by, options.reason, signal);
    } finally {
      await desk.close();
    }
    const rows = letters.map(({ id }) => ({ id, outcome: 'discarded' }));
    if (options.json) printJson({ action: 'discard', dryRun: false, by, letters: rows });
    else print(`${letters.length} discarded\n${auditLine(config, by)}`);
    return EXIT.ok;
  });
}

/** The letters that fit. @throws DEAD_LETTER_UNKNOWN for an id that fits none or several */
async function lettersOf(
  kafka: KafkaClient,
  config: Config,
  ids: readonly string[],
  { group, topic, code, key, attempts, since, until }: LetterOptions,
  signal: AbortSignal,
): Promise<ChosenLetter[]> {
  const columns = key === undefined ? null : parseKey(key);
  const filter: LetterFilter = {
    ...(ids.length > 0 && { ids }),
    ...(group !== undefined && { group }),
    ...(topic !== undefined && { topic }),
    ...(code !== undefined && { code }),
    ...(attempts !== undefined && { attempts }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
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
  const decoder = decoderOf(config);
  const viewed: ChosenLetter[] = [];
  for (const letter of letters) {
    const view = await letterView(letter, decoder);
    if (columns === null || hasKey(view, columns)) viewed.push({ letter, view });
  }
  return viewed;
}

/** Decodes with the registry while it answers; once it does not, letters are shown undecoded instead of waiting for it again and again. */
function decoderOf(config: Config): Pick<Decoder, 'decode'> {
  const decoder = createDecoder(createRegistry({ ...config.registry, attempts: 2 }));
  let away: unknown;
  return {
    async decode(bytes) {
      if (away !== undefined) throw away;
      try {
        return await decoder.decode(bytes);
      } catch (error) {
        if (hasCode(error, 'SCHEMA_REGISTRY_UNREACHABLE')) away = error;
        throw error;
      }
    },
  };
}

/** The letters to act on. @throws DEAD_LETTER_UNKNOWN when nothing says which are meant */
async function chosen(
  kafka: KafkaClient,
  config: Config,
  ids: readonly string[],
  options: LetterOptions,
  signal: AbortSignal,
): Promise<ChosenLetter[]> {
  const { group, topic, code, key, attempts, since, until, all } = options;
  const filters = [group, topic, code, key, attempts, since, until];
  if (ids.length === 0 && !all && filters.every((part) => part === undefined))
    throw new SluiceError('DEAD_LETTER_UNKNOWN', 'Expected ids, a filter or --all, found none.');
  return lettersOf(kafka, config, ids, options, signal);
}

function dryRun(action: 'redeliver' | 'discard', picked: readonly ChosenLetter[], { json }: LetterOptions): number {
  const views = picked.map(({ view }) => view);
  if (json) printJson({ action, dryRun: true, letters: views });
  else {
    if (views.length > 0) print(lettersTable(views));
    print(`dry run, nothing was done: would ${action} ${views.length}; add --execute to do it`);
  }
  return EXIT.ok;
}

function auditLine(config: Config, by: string): string {
  return `kept in topic ${auditTopic(config.consumers.groupPrefix)} as done by ${by}`;
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
