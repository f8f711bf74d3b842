import type { z } from 'zod';
import type { FieldFault } from './problem.ts';

const MAX_FAULTS = 50;

/**
 * Faults that zod found, by JSON Pointer (`/lines/0/quantity`). Messages name rules, never the value that was sent. At most 50.
 * Source of the pointer syntax: RFC 6901.
 */
export function fieldFaults(error: z.ZodError, prefix = ''): FieldFault[] {
  return error.issues.flatMap((issue) => faultsOf(issue, prefix)).slice(0, MAX_FAULTS);
}

function faultsOf(issue: z.core.$ZodIssue, prefix: string): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: prefix + pointer([...issue.path, key]), detail: 'unknown field' }));
  }
  return [{ pointer: prefix + pointer(issue.path), detail: issue.message }];
}

/** RFC 6901: `~` and `/` in a name are written `~0` and `~1`. A name longer than 100 characters is cut: it came from the caller. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
