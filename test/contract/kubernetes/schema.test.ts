import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { onPath } from '#infra/stack/command.ts';
import { KUBERNETES, type Manifest, manifestsOf } from '#test/support/manifests.ts';
import { cachedFor, fetching, requireOnPath, runProgram, Unavailable } from '../clients/foreignProgram.ts';

/** The oldest version whose schemas know everything the manifests use (the sleep before a stop), and the newest there is. */
const VERSIONS = ['1.30', '1.37'];
const PACKAGES = ['kubernetes-validate==1.37.0', 'cloudcoil-models-keda==2.16.1.0'];
const VALIDATOR = fileURLToPath(new URL('./validate.py', import.meta.url));
const FETCH_MS = 180_000;

interface Verdict {
  readonly kind: string;
  readonly name: string;
  readonly faults: readonly string[];
}

/** The overlay's own file for the environment is a part of a document, which kustomize puts together. */
const ours = ['base', 'keda', 'example'].flatMap(manifestsOf).filter(({ file }) => file !== 'example/environment.yaml');

/** Documents that are wrong, to see that the judge would say so. */
function spoilt(): Manifest[] {
  const of = (name: string): Manifest => ours.find(({ file }) => file === name)!;
  const [capture, scaled] = [of('base/capture.yaml'), of('keda/scaledObject.yaml')];
  const changed = (manifest: Manifest, more: object): Manifest => ({
    ...manifest,
    spec: { ...(manifest['spec'] as object), ...more },
  });
  return [
    changed(capture, { replica: 2 }),
    changed(capture, { replicas: 'two' }),
    changed(scaled, { polingInterval: 5 }),
    changed(scaled, { triggers: 'lag' }),
  ];
}

async function judge(packages: string, text: string): Promise<Verdict[]> {
  const env = { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const run = await runProgram({ command: 'python3', args: [VALIDATOR], env }, VERSIONS, text);
  if (run.code !== 0) throw new Error(run.stderr);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

const faultsOf = (verdicts: readonly Verdict[]): string[] =>
  verdicts.flatMap(({ kind, name, faults }) => faults.map((fault) => `${kind} ${name}: ${fault}`));

describe('the Kubernetes manifests, judged by the published schemas', () => {
  /** Why they cannot be judged here; null when they were. */
  let unavailable: string | null = null;
  let overlay: string | null = null;
  let verdicts: readonly Verdict[] = [];

  beforeAll(async () => {
    try {
      const python = requireOnPath('python3', 'install Python 3.9 or newer with pip');
      const packages = await cachedFor('kubernetes-validate-1.37.0-keda-2.16.1', [], (staging) => {
        const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
        return fetching(python, [...pip, '--target', staging, ...PACKAGES]);
      });
      const kubectl = onPath('kubectl');
      if (kubectl !== undefined) {
        const made = await runProgram({ command: kubectl, args: ['kustomize', `${KUBERNETES}example`] }, []);
        expect(made.stderr).toBe('');
        overlay = made.stdout;
      }
      const documents = [...ours, ...spoilt()].map(({ file: _, ...document }) => stringify(document));
      verdicts = await judge(packages, [...documents, ...(overlay === null ? [] : [overlay])].join('---\n'));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      unavailable = error.message;
    }
  }, FETCH_MS);

  test('each field of each document exists and has the right form', ({ skip }) => {
    if (unavailable !== null) return skip(unavailable);
    const judged = verdicts.slice(0, ours.length);
    expect(judged.map(({ name }) => name)).toEqual(ours.map(({ metadata }) => metadata.name));
    expect(faultsOf(judged)).toEqual([]);
  });

  test('a misspelt field and a value of another kind would be found', ({ skip }) => {
    if (unavailable !== null) return skip(unavailable);
    const judged = verdicts.slice(ours.length, ours.length + spoilt().length);
    expect(judged.map(({ faults }) => faults.length > 0)).toEqual([true, true, true, true]);
  });

  test('what kustomize makes of the example is as right as its parts', ({ skip }) => {
    if (unavailable !== null) return skip(unavailable);
    if (overlay === null) return skip('kubectl was not found on PATH: install it to try the overlay');
    const judged = verdicts.slice(ours.length + spoilt().length);
    expect(judged.length).toBeGreaterThan(15);
    expect(faultsOf(judged)).toEqual([]);
    // The database's address stands in two policies, and the overlay changes both.
    expect(overlay).not.toContain('192.0.2.10');
  });
});
