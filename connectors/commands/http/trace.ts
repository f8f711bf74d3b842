import { randomBytes } from 'node:crypto';

/** version 00: trace id, parent id, flags; all-zero ids are invalid. Source: W3C Trace Context §3.2. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/**
 * The trace context of our own span: a child of the caller's when its header is well formed, else a new trace. Goes into the audit log,
 * into the audit rows of the database and back to the caller.
 */
export function childTrace(header: string | string[] | undefined): string {
  const [, traceId, flags] = typeof header === 'string' ? (TRACEPARENT.exec(header) ?? []) : [];
  const bytes = randomBytes(traceId === undefined ? 24 : 8).toString('hex');
  return `00-${traceId ?? bytes.slice(16)}-${bytes.slice(0, 16)}-${flags ?? '00'}`;
}
