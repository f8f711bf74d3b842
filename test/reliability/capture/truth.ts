import { join } from 'node:path';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { classPath } from '#infra/stack/components.ts';
import { ensureInstalled } from '#infra/stack/install.ts';
import { runProgram } from '../../contract/clients/foreignProgram.ts';

/** A record as Kafka's own consumer found it. */
export interface TruthRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** The header with the place of the change in the source. */
  readonly position: string;
  readonly tombstone: boolean;
}

/** Every committed record of a topic, read by Kafka's Java consumer. Throws `Unavailable` without Java. */
export async function readTruth(brokers: readonly string[], topic: string): Promise<TruthRecord[]> {
  const { jdk, kafkaFolder } = await ensureInstalled({ parts: ['kafka'] });
  const program = {
    command: join(jdk.home, 'bin/java'),
    args: ['-Xmx512m', '-cp', classPath(kafkaFolder!), join(import.meta.dirname, 'TruthReader.java')],
  };
  const { code, stdout, stderr } = await runProgram(program, [brokers.join(','), topic]);
  if (code !== 0) throw new Error(`the reader of ${topic} ended with ${code}: ${stderr.slice(-800)}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, partition, offset, key = '', position = '', kind] = line.split('\t');
      return { partition: Number(partition), offset: Number(offset), key, position, tombstone: kind === 'tombstone' };
    });
}

/** Positions of all changes in a change table after `since`, one for each record a capture must write. */
export async function sourcePositions(db: Database, table: string, since: string): Promise<string[]> {
  const rows = await db.rows(
    `SELECT c.[__$start_lsn], c.[__$command_id], c.[__$seqval], c.[__$operation] FROM cdc.[${table.replace('.', '_')}_CT] AS c WHERE c.[__$start_lsn] >= 0x${since.slice(0, 20)} AND c.[__$operation] <> 3`,
  );
  const hex = (value: unknown): string => (value as Buffer).toString('hex');
  return rows
    .map(([lsn, command, seq, op]) => `${hex(lsn)}${(command as number).toString(16).padStart(8, '0')}${hex(seq)}${op}`)
    .filter((position) => position > since);
}

/** What is wrong with a topic. */
export interface Verdict {
  readonly records: number;
  readonly lost: number;
  readonly doubled: number;
  /** Records of a key that stand behind a later state of it. */
  readonly outOfOrder: number;
  /** The first few doubled records: partition and offsets of both. */
  readonly examples: readonly string[];
}

export const isClean = ({ lost, doubled, outOfOrder }: Verdict): boolean => lost + doubled + outOfOrder === 0;

/** Compares what the topic holds with what the source captured. `since`: only changes after it are looked at (rows read by the snapshot come before). */
export function judge(records: readonly TruthRecord[], expected: readonly string[], since: string): Verdict {
  const ordered = records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
  const seen = new Map<string, TruthRecord>();
  const positions = new Set<string>();
  const examples: string[] = [];
  const last = new Map<string, string>();
  let doubled = 0;
  let outOfOrder = 0;
  for (const record of ordered) {
    const { key, position, tombstone } = record;
    if (position < (last.get(key) ?? '')) outOfOrder++;
    last.set(key, position);
    if (tombstone || position <= since) continue;
    // Rows that a snapshot read together stand at one place, so the place alone does not tell two records apart.
    const identity = `${key} ${position}`;
    const earlier = seen.get(identity);
    if (earlier) {
      doubled++;
      if (examples.length < 3) examples.push(`${record.partition}: ${earlier.offset} and ${record.offset}`);
    }
    seen.set(identity, record);
    positions.add(position);
  }
  return {
    records: records.length,
    lost: expected.filter((p) => !positions.has(p)).length,
    doubled,
    outOfOrder,
    examples,
  };
}
