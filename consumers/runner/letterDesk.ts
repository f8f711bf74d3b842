import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { type AuditEntry, AuditLog } from './auditLog.ts';
import { deadLetterTopic } from './deadLetters.ts';
import { letterKey } from './letterFormat.ts';
import { type ListedLetter, listLetters, readLetters } from './letterReader.ts';
import { redeliveryTopic } from './redelivery.ts';
import { KeyedSender } from './sender.ts';

/** What a person did with letters; kept in the audit topic. */
export interface LetterAudit extends AuditEntry {
  readonly action: 'redeliver' | 'discard';
  readonly reason: string | null;
  /** Never their values: the audit is kept for ever. */
  readonly letters: readonly {
    readonly id: string;
    readonly groupId: string;
    readonly record: string;
    readonly code: string;
    readonly attempts: number;
  }[];
}

/** What became of a letter that was to be tried again. */
export type Redelivered = 'settled' | 'came back' | 'not taken yet';

/** Letters named in one audit record: keeps it well below the largest record Kafka takes. */
const AUDITED_AT_ONCE = 1000;

/** What an operator does with dead letters. One instance a command; not for parallel use. */
export class LetterDesk {
  readonly #kafka: KafkaClient;
  readonly #groupPrefix: string;
  readonly #sender: KeyedSender;
  readonly #log: AuditLog;

  constructor(kafka: KafkaClient, groupPrefix: string, replicationFactor: number) {
    this.#kafka = kafka;
    this.#groupPrefix = groupPrefix;
    this.#sender = new KeyedSender(kafka);
    this.#log = new AuditLog(kafka, groupPrefix, replicationFactor);
  }

  /** Sends the letters to their groups once more. They stay dead letters until their group has handled them. */
  async redeliver(letters: readonly ListedLetter[], by: string, signal: AbortSignal): Promise<void> {
    await this.#audit('redeliver', letters, by, null, signal);
    const send = async (records: readonly IncomingMessage[]): Promise<void> =>
      this.#sender.send(
        redeliveryTopic(this.#groupPrefix),
        records.map(({ key, value, headers }) => ({ key: key!, value, headers })),
        signal,
      );
    await readLetters(this.#kafka, this.#groupPrefix, letters, send, signal);
  }

  /** Takes letters away without handling them. */
  async discard(letters: readonly ListedLetter[], by: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#audit('discard', letters, by, reason, signal);
    const tombstones = letters.map((letter) => ({ key: letterKey(letter), value: null }));
    await this.#sender.send(deadLetterTopic(this.#groupPrefix), tombstones, signal);
  }

  /** What became of redelivered letters so far, in the order given. */
  async outcomes(letters: readonly ListedLetter[], signal: AbortSignal): Promise<Redelivered[]> {
    const now = new Map((await listLetters(this.#kafka, this.#groupPrefix, {}, signal)).map((l) => [l.id, l]));
    return letters.map(({ id, attempts }) => {
      const letter = now.get(id);
      if (letter === undefined) return 'settled';
      return letter.attempts > attempts ? 'came back' : 'not taken yet';
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender.close(), this.#log.close()]);
  }

  async #audit(
    action: LetterAudit['action'],
    letters: readonly ListedLetter[],
    by: string,
    reason: string | null,
    signal: AbortSignal,
  ): Promise<void> {
    const at = new Date().toISOString();
    for (let start = 0; start < letters.length; start += AUDITED_AT_ONCE) {
      const named = letters
        .slice(start, start + AUDITED_AT_ONCE)
        .map(({ id, groupId, topic: t, partition, offset, code, attempts }) => ({
          id,
          groupId,
          record: `${t}/${partition}@${offset}`,
          code,
          attempts,
        }));
      await this.#log.write<LetterAudit>({ action, by, at, reason, letters: named }, signal);
    }
  }
}
