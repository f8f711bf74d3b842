import type {
  BatchOutcome,
  CommandCall,
  CommandGateway,
  CommandOutcome,
  GatewayLoad,
  ReadCall,
} from '#connectors/commands/gateways/procedure.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

interface Kept {
  readonly hash: string;
  readonly commandId: string;
  readonly result: string;
}

/** A gateway in memory that keeps the idempotency rules of the procedures. `work` makes the result text or throws a refusal. */
export class FakeGateway implements CommandGateway {
  readonly calls: CommandCall[] = [];
  readonly reads: ReadCall[] = [];
  /** Sizes of the groups that came in one round trip. */
  readonly groups: number[] = [];
  readonly #done = new Map<string, Kept>();
  readonly #running = new Set<string>();
  work: (call: CommandCall) => Promise<string> = async (call) =>
    JSON.stringify({ commandId: call.commandId, orderId: '100001' });
  /** Answers a read. */
  look: (call: ReadCall) => Promise<string> = async () => '{"items":[]}';
  isAway = false;

  async execute(call: CommandCall): Promise<CommandOutcome> {
    this.calls.push(call);
    if (this.isAway) throw new SluiceError('CMD_DATABASE_AWAY', 'away');
    const key = `${call.caller} ${call.idempotencyKey}`;
    if (this.#running.has(key)) throw refused('command-running', 50425);
    const done = this.#done.get(key);
    if (done !== undefined) {
      if (done.hash !== call.payloadHash.toString('hex')) throw refused('idempotency-key-reused', 50423);
      return { commandId: done.commandId, result: done.result, replayed: true };
    }
    this.#running.add(key);
    try {
      const result = await this.work(call);
      this.#done.set(key, { hash: call.payloadHash.toString('hex'), commandId: call.commandId, result });
      return { commandId: call.commandId, result, replayed: false };
    } finally {
      this.#running.delete(key);
    }
  }

  async read(call: ReadCall): Promise<string> {
    this.reads.push(call);
    return this.look(call);
  }

  groupSize(commandName: string): number {
    return commandName === 'AcceptOrder' ? 50 : 1;
  }

  async executeGroup(calls: readonly CommandCall[]): Promise<readonly BatchOutcome[]> {
    this.groups.push(calls.length);
    const outcomes: BatchOutcome[] = [];
    for (const call of calls) outcomes.push(await this.execute(call).catch((error: SluiceError) => error));
    return outcomes;
  }

  async isKnown(caller: string, idempotencyKey: string): Promise<boolean> {
    return this.#done.has(`${caller} ${idempotencyKey}`);
  }

  async ping(): Promise<void> {
    if (this.isAway) throw new SluiceError('CMD_DATABASE_AWAY', 'away');
  }

  load = (): GatewayLoad => ({ running: this.#running.size, waiting: 0, breaker: 'closed' });
}

export function refused(problem: string, number: number, facts: Record<string, string | number> = {}): SluiceError {
  return new SluiceError('CMD_REFUSED', 'refused', { context: { number, problem, ...facts } });
}
