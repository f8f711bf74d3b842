import { SluiceError } from '#infra/runtime/errors.ts';
import type { HttpProblem } from '#infra/runtime/http/problem.ts';
import type { CommandGateway } from '../gateways/procedure.ts';
import type { AuditLog } from './auditLog.ts';
import { commandProblem } from './problems.ts';
import type { CommandReply, CommandRequest } from './types.ts';
import { auditedOf, type CheckedCommand, type CommandPipeline } from './useCases.ts';

/** What became of one command of a batch. */
export type BatchItem =
  | { readonly kind: 'done'; readonly reply: CommandReply }
  | { readonly kind: 'problem'; readonly problem: HttpProblem };

export interface BatchOptions {
  readonly pipeline: Pick<CommandPipeline, 'check' | 'run'>;
  readonly gateway: Pick<CommandGateway, 'groupSize' | 'executeGroup'>;
  readonly audit: AuditLog;
  readonly now: () => number;
}

type Checked = CheckedCommand | HttpProblem;

/**
 * Runs the commands of one batch in their order, each in its own transaction with its own key and its own outcome: one that is refused
 * changes nothing for the others. Neighbours of a use case that has a group procedure share a round trip.
 * @returns one item a request, in order. Nothing is thrown for a single command.
 */
export async function executeBatch(
  requests: readonly CommandRequest[],
  options: BatchOptions,
): Promise<readonly BatchItem[]> {
  const checked: Checked[] = [];
  for (const request of requests) checked.push(await options.pipeline.check(request).catch(commandProblem));
  const items: BatchItem[] = [];
  while (items.length < checked.length) {
    const group = groupAt(checked, items.length, options.gateway);
    if (group.length > 1) items.push(...(await runGroup(group, options)));
    else items.push(await runSingle(checked[items.length]!, options));
  }
  return items;
}

/** The neighbours from `start` on that one round trip takes. */
function groupAt(
  checked: readonly Checked[],
  start: number,
  gateway: BatchOptions['gateway'],
): readonly CheckedCommand[] {
  const group: CheckedCommand[] = [];
  for (const next of checked.slice(start)) {
    if (next instanceof Error) break;
    const { commandName } = next.call;
    if (commandName !== (group[0] ?? next).call.commandName || group.length >= gateway.groupSize(commandName)) break;
    group.push(next);
  }
  return group;
}

async function runSingle(checked: Checked, options: BatchOptions): Promise<BatchItem> {
  // What was refused by the checks was audited there.
  if (checked instanceof Error) return { kind: 'problem', problem: checked };
  const startedAtMs = options.now();
  try {
    const reply = await options.pipeline.run(checked);
    return audited(checked, { kind: 'done', reply }, startedAtMs, options);
  } catch (error) {
    return audited(checked, { kind: 'problem', problem: commandProblem(error) }, startedAtMs, options);
  }
}

async function runGroup(group: readonly CheckedCommand[], options: BatchOptions): Promise<BatchItem[]> {
  const startedAtMs = options.now();
  const { signal } = group[0]!.request.context;
  const outcomes = await options.gateway
    .executeGroup(
      group.map(({ call }) => call),
      signal,
    )
    .catch((error: unknown) => group.map(() => error));
  return group.map((checked, i) => audited(checked, itemOf(checked, outcomes[i]), startedAtMs, options));
}

function itemOf(checked: CheckedCommand, outcome: unknown): BatchItem {
  if (outcome instanceof Error || outcome === undefined) {
    const error = outcome ?? new SluiceError('INTERNAL', 'A group answered fewer outcomes than it had commands.');
    return { kind: 'problem', problem: commandProblem(error) };
  }
  const { commandId, result, replayed } = outcome as { commandId: string; result: string; replayed: boolean };
  return {
    kind: 'done',
    reply: { status: checked.request.command.route.successStatus, commandId, body: result, replayed },
  };
}

function audited(
  { request }: CheckedCommand,
  item: BatchItem,
  startedAtMs: number,
  { audit, now }: BatchOptions,
): BatchItem {
  const done = item.kind === 'done' ? item.reply : undefined;
  const outcome = item.kind === 'problem' ? item.problem.kind.code : item.reply.replayed ? 'replayed' : 'done';
  audit.decided(
    request.command.name,
    { ...auditedOf(request), commandId: done?.commandId },
    outcome,
    now() - startedAtMs,
  );
  return item;
}
