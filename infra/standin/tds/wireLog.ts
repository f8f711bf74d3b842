/** Writes one log line: an event in past-tense snake case and its facts. Never rows, never secrets. */
export type WireLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  event: string,
  facts?: Record<string, unknown>,
) => void;

/** A log of JSON lines on standard error. `debug` lines only when asked for. */
export function createWireLog(options: { readonly debug: boolean }): WireLog {
  return (level, event, facts = {}) => {
    if (level === 'debug' && !options.debug) return;
    process.stderr.write(`${JSON.stringify({ level, time: Date.now(), name: 'standin', event, ...facts })}\n`);
  };
}
