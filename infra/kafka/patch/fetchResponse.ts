import { type AbortedTransaction, type FetchedRecords, readRecordSet } from '../fetchedRecords.ts';

/** One partition of the answer to a fetch. A partition's error is told here and stops no other one. */
export interface FetchedPartition extends FetchedRecords {
  readonly partition: number;
  /** 0 for none; Kafka protocol guide, "Error Codes". */
  readonly errorCode: number;
  readonly highWatermark: bigint;
  /** Length of the records in bytes as they came. */
  readonly bytes: number;
}

export interface FetchResponse {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly FetchedPartition[] }[];
}

/**
 * Replaces the library's reading of a Fetch answer, version 11, which throws the whole answer away for one partition's error, compares no
 * checksum, takes the last record's offset for the batch's and lets records of a second aborted transaction through.
 * Source: Kafka protocol guide, "Fetch API".
 */
export async function decodeFetchResponse(raw: Buffer): Promise<FetchResponse> {
  const cursor = new Fields(raw);
  const clientSideThrottleTime = cursor.int32();
  const errorCode = cursor.int16();
  cursor.int32();
  const responses = [];
  for (let topics = cursor.int32(); topics > 0; topics--) {
    const topicName = cursor.string();
    const partitions: FetchedPartition[] = [];
    for (let left = cursor.int32(); left > 0; left--) partitions.push(await decodePartition(cursor));
    responses.push({ topicName, partitions });
  }
  return { throttleTime: 0, clientSideThrottleTime, errorCode, responses };
}

async function decodePartition(cursor: Fields): Promise<FetchedPartition> {
  const partition = cursor.int32();
  const errorCode = cursor.int16();
  const highWatermark = cursor.int64();
  // Last stable offset and first offset of the log.
  cursor.int64();
  cursor.int64();
  const aborted: AbortedTransaction[] = [];
  for (let left = cursor.int32(); left > 0; left--)
    aborted.push({ producerId: cursor.int64(), firstOffset: cursor.int64() });
  // Preferred read replica: only told to consumers that name their rack.
  cursor.int32();
  // A copy, so that records that wait do not hold on to the whole answer.
  const set = Buffer.from(cursor.bytes());
  const { records, next } = await readRecordSet(set, aborted);
  return { partition, errorCode, highWatermark, bytes: set.length, records, next };
}

/** Fixed-width fields, one after the other. */
class Fields {
  #at = 0;
  readonly #raw: Buffer;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  int16(): number {
    this.#at += 2;
    return this.#raw.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#raw.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#raw.readBigInt64BE(this.#at - 8);
  }

  string(): string {
    const length = this.int16();
    this.#at += length;
    return this.#raw.toString('utf8', this.#at - length, this.#at);
  }

  /** Empty for a negative length. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32());
    this.#at += length;
    return this.#raw.subarray(this.#at - length, this.#at);
  }
}
