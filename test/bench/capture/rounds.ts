import { cpuMs } from '../standin/processFacts.ts';
import { peakBytes, resetPeak, type Subject } from './subject.ts';

/** Whose processor time is noted beside the subject's. */
export interface Bystander {
  readonly name: string;
  readonly pid: number;
}

/** What one round showed. */
export interface Sample {
  readonly rowsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  /** Most memory held during the round, MiB. */
  readonly peakMb: number;
  /** Share of one core that each bystander used meanwhile. */
  readonly bystanders: Readonly<Record<string, number>>;
}

/** What it takes to connect, to look at the catalog and to write the first row; taken off a round that begins with it. */
export interface StartUp {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export const NO_START_UP: StartUp = { seconds: 0, cpuSeconds: 0 };

/** Lets a subject work off `rows` rows, from `begin`, which sets it going, to the last one's acknowledgement by Kafka. */
export async function measureRound(
  subject: Subject,
  rows: number,
  bystanders: readonly Bystander[],
  begin: () => void | Promise<void>,
  startUp: StartUp = NO_START_UP,
): Promise<Sample> {
  const before = subject.acked;
  resetPeak(subject.pid);
  const startedAt = performance.now();
  const cpu = cpuMs(subject.pid);
  const others = bystanders.map(({ pid }) => cpuMs(pid));
  await begin();
  await subject.untilAcked(before + rows);
  const all = (performance.now() - startedAt) / 1000;
  const seconds = all - startUp.seconds;
  const cpuSeconds = (cpuMs(subject.pid) - cpu) / 1000 - startUp.cpuSeconds;
  return {
    rowsPerSecond: rows / seconds,
    cpuSecondsPerMillion: cpuSeconds / (rows / 1e6),
    peakMb: peakBytes(subject.pid) / 2 ** 20,
    bystanders: Object.fromEntries(
      bystanders.map(({ name, pid }, i) => [name, (cpuMs(pid) - others[i]!) / 1000 / all]),
    ),
  };
}

/** The start-up of a subject: a round of one row. */
export async function measureStartUp(subject: Subject, begin: () => void | Promise<void>): Promise<StartUp> {
  const startedAt = performance.now();
  const cpu = cpuMs(subject.pid);
  await begin();
  await subject.untilAcked(1);
  return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: (cpuMs(subject.pid) - cpu) / 1000 };
}

/** Minimum, median and maximum. */
export function spread(values: readonly number[]): readonly [min: number, median: number, max: number] {
  const sorted = values.toSorted((a, b) => a - b);
  return [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!];
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** One line a subject, and the ratios of the first to the last subject, round by round. */
export function report(title: string, names: readonly string[], rounds: readonly (readonly Sample[])[]): string {
  const lines = [title];
  const figure = (at: number, of: (sample: Sample) => number): string =>
    spread(rounds.map((samples) => of(samples[at]!)))
      .map(whole)
      .join(' / ');
  for (const [at, name] of names.entries()) {
    const others = Object.keys(rounds[0]![at]!.bystanders)
      .map((key) => `${key} ${(100 * spread(rounds.map((s) => s[at]!.bystanders[key]!))[1]).toFixed(0)} %`)
      .join(', ');
    lines.push(
      `  ${name.padEnd(9)} rows/s ${figure(at, (s) => s.rowsPerSecond)} · CPU s per million ${figure(at, (s) => s.cpuSecondsPerMillion)} · ` +
        `peak MiB ${figure(at, (s) => s.peakMb)} · beside it ${others}`,
    );
  }
  if (names.length > 1) {
    const ratio = (of: (sample: Sample) => number): string =>
      spread(rounds.map((s) => of(s[0]!) / of(s.at(-1)!)))
        .map((value) => value.toFixed(2))
        .join(' / ');
    lines.push(
      `  ${names[0]} ÷ ${names.at(-1)}: rows/s ${ratio((s) => s.rowsPerSecond)} · CPU ${ratio((s) => s.cpuSecondsPerMillion)} · memory ${ratio((s) => s.peakMb)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
