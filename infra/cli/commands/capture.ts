import { type CaptureSignal, parseSignal } from '#connectors/capture/control.ts';
import { CaptureControl, type StoredCapture } from '#infra/ops/captureControl.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type CapturePart, captureParts } from '../captures.ts';
import { type CaptureView, captureView, describeCapture } from '../captureView.ts';
import { EXIT } from '../exitCodes.ts';
import { print, printError, printJson } from '../output.ts';
import { type KafkaWork, withKafka } from '../withKafka.ts';

export interface StatusOptions {
  readonly config: string;
  readonly json: boolean;
}

export interface SignalOptions extends StatusOptions {
  readonly capture?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly execute: boolean;
}

const controlOf = ({ kafka, config }: KafkaWork): CaptureControl =>
  new CaptureControl({
    kafka,
    topicPrefix: config.kafka.topicPrefix,
    replicationFactor: config.kafka.replicationFactor,
  });

/** `sluice capture status`: from what is stored in Kafka, and from the live process where its endpoint answers. */
export async function captureStatus(options: StatusOptions): Promise<number> {
  return withKafka(options.config, async (work) => {
    const control = controlOf(work);
    const live = await liveStatus(work.config);
    const views: CaptureView[] = [];
    for (const part of captureParts(work.config)) {
      const stored: StoredCapture = await control.look(part, work.signal);
      const own = live?.[part.name === work.config.capture.name ? 'capture' : part.name];
      views.push(captureView(stored, own as Record<string, unknown> | undefined));
    }
    if (options.json) printJson(views);
    else for (const view of views) print(describeCapture(view));
    return views.every((view) => view.healthy) ? EXIT.ok : EXIT.unhealthy;
  });
}

const LIVE_TIMEOUT_MS = 1000;

/** GET /status of the process on this machine; null when its port is not fixed or nobody answers. */
async function liveStatus({ ops }: Config): Promise<Readonly<Record<string, unknown>> | null> {
  if (ops.http.port === 0) return null;
  try {
    const response = await fetch(`http://${ops.http.host}:${ops.http.port}/status`, {
      signal: AbortSignal.timeout(LIVE_TIMEOUT_MS),
    });
    return response.ok ? ((await response.json()) as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

/** Every verb that makes the capture do something: sends a signal and waits for the capture's own answer. */
export async function captureSignal(
  fields: Readonly<Record<string, unknown>>,
  options: SignalOptions,
): Promise<number> {
  // JSON leaves out what is undefined; the same check as for signals others write.
  const parsed = parseSignal(JSON.stringify(fields));
  return withKafka(options.config, async (work) => {
    const { part, signal } = addressed(captureParts(work.config), parsed, options.capture);
    const control = controlOf(work);
    if (!options.execute) {
      const { processes } = await control.look(part, work.signal);
      if (options.json) printJson({ capture: part.name, signal, processes, executed: false });
      else
        print(
          `would send to capture ${part.name} (${processes} running): ${JSON.stringify(signal)}\ndry run: --execute sends it`,
        );
      return EXIT.ok;
    }
    const answer = await control.send(part, signal, options.timeout * 1000, work.signal);
    if (options.json) printJson({ capture: part.name, signal, executed: true, ...answer });
    switch (answer.outcome) {
      case 'applied':
        if (!options.json) print(`capture ${part.name}: ${signal.type} done`);
        return EXIT.ok;
      case 'refused':
        printError(`capture ${part.name} refused ${signal.type}: ${answer.reason ?? 'no reason given'}`);
        return EXIT.fault;
      case 'no_capture':
        printError(`no capture ${part.name} is running: nothing was sent`);
        return EXIT.unhealthy;
      case 'unanswered':
        printError(
          `capture ${part.name} has not answered within ${options.timeout} s; it takes the signal when it can, within an hour`,
        );
        return EXIT.unhealthy;
    }
  });
}

/** The capture a signal is for: the one named, else that of the table's database, else the main one. A table goes without its database. */
function addressed(
  parts: readonly CapturePart[],
  signal: CaptureSignal,
  name: string | undefined,
): { readonly part: CapturePart; readonly signal: CaptureSignal } {
  const table = 'table' in signal ? signal.table.split('.') : [];
  const database = table.length === 3 ? table[0]!.toLowerCase() : undefined;
  const part =
    name !== undefined
      ? parts.find((p) => p.name === name)
      : database === undefined
        ? parts[0]
        : parts.find((p) => p.database.toLowerCase() === database);
  if (!part) {
    const known = parts.map((p) => `${p.name} (${p.database})`).join(', ');
    throw new SluiceError('CAPTURE_SIGNAL_INVALID', `Expected one of the captures ${known}, found ${name ?? database}`);
  }
  if (!('table' in signal)) return { part, signal };
  return { part, signal: { ...signal, table: table.slice(-2).join('.') } };
}
