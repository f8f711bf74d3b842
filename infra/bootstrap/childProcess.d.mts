import type { EventEmitter } from 'node:events';

export function runChild(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number>;
export function forwardSignals(
  forward: (signal: NodeJS.Signals) => void,
  source?: EventEmitter,
  now?: () => number,
): () => void;
