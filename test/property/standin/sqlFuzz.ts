import { startEngine } from '#test/support/standinEngine.ts';
import { PRELUDE } from './sqlArbitraries.ts';

/** How often each error came first, by its number; 0 = none. */
export type Tally = Map<number, number>;

/**
 * Runs the texts one after another in one session of a new engine, then asks in a second session whether the engine still answers. An
 * exception that is no error of the server's rejects, with the text that caused it.
 */
export async function runTexts(texts: readonly string[], tally?: Tally): Promise<void> {
  const engine = startEngine();
  try {
    const client = await engine.connect();
    await client.run(PRELUDE);
    for (const text of texts) {
      try {
        const { errors } = await client.run(text);
        if (tally) count(tally, errors[0]?.number ?? 0);
      } catch (error) {
        throw new Error(`not an error of the server's, for: ${text}`, { cause: error });
      }
    }
    client.session.close();
    const second = await engine.connect('sa', undefined, 'master');
    const rows = await second.rows('SELECT 1 AS one');
    if (rows[0]?.['one'] !== 1) throw new Error('the engine answers no more');
  } finally {
    await engine.close();
  }
}

function count(tally: Tally, error: number): void {
  tally.set(error, (tally.get(error) ?? 0) + 1);
}
