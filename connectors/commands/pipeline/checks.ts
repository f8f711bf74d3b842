import type { z } from 'zod';
import { fieldFaults } from '#infra/runtime/http/fieldFaults.ts';
import { type FieldFault, HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Command, CommandInput } from '../model/defineCommand.ts';
import type { Caller } from './caller.ts';
import { COMMAND_PROBLEMS } from './problems.ts';
import type { CommandRequest } from './types.ts';

/** Refuses whoever has not the command's scope, and a customer's token where customers may not go. @throws 403. */
export function checkScope(caller: Caller, { guard }: Command): void {
  const { scope, customerPath } = guard;
  if (!caller.scopes.includes(scope))
    throw new HttpProblem(HTTP_PROBLEMS.forbidden, { detail: `This needs the scope ${scope}.`, facts: { scope } });
  if (caller.customer !== undefined && customerPath === 'nobody')
    throw new HttpProblem(HTTP_PROBLEMS.forbidden, {
      detail: 'A credential that is bound to a customer may not do this.',
    });
}

/** A credential bound to a customer acts for that customer only. @throws 403, the same whether the other customer exists or not. */
export function checkCustomer(caller: Caller, { guard }: Command, input: CommandInput): void {
  if (caller.customer === undefined || guard.customerPath === 'anyone') return;
  if (customerOf(guard.customerPath, input) !== caller.customer)
    throw new HttpProblem(HTTP_PROBLEMS.forbidden, {
      detail: 'This credential is bound to another customer.',
      errors: [{ pointer: publicPointer(guard.customerPath), detail: 'not the customer of the credential' }],
    });
}

/** The customer a command is about; undefined when it names none. `path` is a JSON Pointer into CommandInput. */
export function customerOf(path: string, input: CommandInput): string | undefined {
  const [, part = '', name = ''] = path.split('/');
  const place = Object.hasOwn(input, part) ? input[part as keyof CommandInput] : undefined;
  const value = place !== undefined && Object.hasOwn(place, name) ? place[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** `/body/customerId` → `/customerId`, `/query/customerId` → `query:/customerId`: as faults of those places are named. */
function publicPointer(path: string): string {
  const [, part = '', name = ''] = path.split('/');
  return part === 'body' ? `/${name}` : `${part === 'params' ? 'path' : part}:/${name}`;
}

/** @throws 422 with every fault by JSON Pointer; faults of the path are marked `path:`, those of the query `query:`. */
export function checkInput(command: Command, raw: CommandRequest['input']): CommandInput {
  const params = command.input.params.safeParse(raw.params ?? {});
  const query = command.input.query.safeParse(raw.query ?? {});
  const body = command.input.body.safeParse(command.guard.kind === 'read' ? (raw.body ?? {}) : raw.body);
  if (params.success && query.success && body.success)
    return { params: params.data, query: query.data, body: body.data };
  throw new HttpProblem(
    HTTP_PROBLEMS.validation,
    faults([...of(params, 'path:'), ...of(query, 'query:'), ...of(body, '')]),
  );
}

function of(result: z.ZodSafeParseResult<unknown>, prefix: string): FieldFault[] {
  return result.success ? [] : fieldFaults(result.error, prefix);
}

const faults = (errors: FieldFault[]) => ({
  detail: errors.length === 1 ? 'One place needs correcting.' : `${errors.length} places need correcting.`,
  errors,
});

/** Source: draft-ietf-httpapi-idempotency-key-header; the draft leaves the alphabet to the server. */
const IDEMPOTENCY_KEY = /^[A-Za-z0-9._:-]{1,100}$/;

/** The request's idempotency key; '' for a read, which needs none. @throws 400 when it is missing or malformed. */
export function checkIdempotencyKey(command: Command, key: string | undefined): string {
  if (command.guard.kind === 'read') return '';
  if (key === undefined) throw keyProblem(COMMAND_PROBLEMS.keyMissing);
  if (!IDEMPOTENCY_KEY.test(key)) throw keyProblem(COMMAND_PROBLEMS.keyMalformed);
  return key;
}

function keyProblem(kind: (typeof COMMAND_PROBLEMS)['keyMissing' | 'keyMalformed']): HttpProblem {
  return new HttpProblem(kind, { errors: [{ pointer: 'header:Idempotency-Key', detail: kind.remedy }] });
}
