import type { CommandCall, CommandGateway, CommandOutcome } from '#connectors/commands/gateways/procedure.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** A gateway in memory that keeps the idempotency rules of the procedures. `work` makes the result text or throws a refusal. */
export class FakeGateway implements CommandGateway {
  readonly calls: CommandCall[] = [];
  readonly #done = new Map<string, { hash: string; commandId: string; result: string }>();
  readonly #running = new Set<string>();
  work: (call: CommandCall) => Promise<string> = async (call) =>
    JSON.stringify({ commandId: call.commandId, orderId: '100001' });

  async execute(call: CommandCall): Promise<CommandOutcome> {
    this.calls.push(call);
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

  async ping(): Promise<void> {}

  load = () => ({ running: this.#running.size, waiting: 0 });
}

export function refused(problem: string, number: number, facts: Record<string, string | number> = {}): SluiceError {
  return new SluiceError('CMD_REFUSED', 'refused', { context: { number, problem, ...facts } });
}
