import { z } from 'zod';
import { SluiceError } from '#infra/runtime/errors.ts';
import { SCOPES } from '../model/defineCommand.ts';

/** The two topics of the queue. They belong to the command API alone; no capture and no consumer reads or writes them. */
export interface QueueTopics {
  /** Accepted commands, keyed by customer: one partition holds a customer's commands in their order. */
  readonly commands: string;
  /** What became of each, keyed by command; the same partition number as the command's. */
  readonly status: string;
}

export const queueTopics = (topicPrefix: string): QueueTopics => ({
  commands: `${topicPrefix}.__sluice.commands`,
  status: `${topicPrefix}.__sluice.commands-status`,
});

const fields = z.record(z.string(), z.unknown());

/** An accepted command, as JSON: all that running it needs, and what the caller was allowed when it was accepted. */
const acceptedSchema = z.strictObject({
  v: z.literal(1),
  commandId: z.uuid(),
  command: z.string(),
  input: z.strictObject({ params: fields, query: fields, body: fields }),
  caller: z.strictObject({
    id: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    customer: z.string().optional(),
    credential: z.strictObject({ kind: z.enum(['key', 'jwt', 'certificate', 'password']), name: z.string() }),
  }),
  customer: z.string().optional(),
  idempotencyKey: z.string(),
  payloadHash: z.string(),
  requestId: z.string(),
  traceparent: z.string().optional(),
  acceptedAtMs: z.number(),
});
export type AcceptedRecord = z.output<typeof acceptedSchema>;

export const QUEUE_STATES = ['accepted', 'running', 'done', 'refused', 'failed'] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/** A state a command has reached, as JSON. It stands by itself: the command's own record may be gone. */
const statusSchema = z.strictObject({
  v: z.literal(1),
  commandId: z.uuid(),
  command: z.string(),
  callerId: z.string(),
  customer: z.string().optional(),
  acceptedAtMs: z.number(),
  state: z.enum(QUEUE_STATES),
  atMs: z.number(),
  /** Done: JSON text of the result, byte for byte. */
  result: z.string().optional(),
  /** Refused or failed: the problem's document (RFC 9457). */
  problem: fields.optional(),
});
export type StatusRecord = z.output<typeof statusSchema>;

export const encode = (record: AcceptedRecord | StatusRecord): Buffer => Buffer.from(JSON.stringify(record));

/** @throws CMD_QUEUE_RECORD_INVALID without a word of what the record holds. */
export const decodeAccepted = (value: Buffer | null): AcceptedRecord => decode(acceptedSchema, value);
/** @throws CMD_QUEUE_RECORD_INVALID as above. */
export const decodeStatus = (value: Buffer | null): StatusRecord => decode(statusSchema, value);

function decode<T>(schema: z.ZodType<T>, value: Buffer | null): T {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value?.toString('utf8') ?? '');
  } catch {
    throw new SluiceError('CMD_QUEUE_RECORD_INVALID', 'A record of the command queue should be JSON, but is not.');
  }
  const checked = schema.safeParse(parsed);
  if (checked.success) return checked.data;
  const places = checked.error.issues.map((issue) => issue.path.join('.') || '(record)').join(', ');
  throw new SluiceError('CMD_QUEUE_RECORD_INVALID', `A record of the command queue has faults at: ${places}.`);
}
