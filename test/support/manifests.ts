import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

/** Where the manifests are. */
export const KUBERNETES = fileURLToPath(new URL('../../infra/kubernetes/', import.meta.url));

/** One Kubernetes document, with the file it stands in. */
export interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly [key: string]: unknown;
}

/** Every document of a folder's files, kustomizations left out. @throws when a file is not proper YAML */
export function manifestsOf(folder: string): Manifest[] {
  return readdirSync(join(KUBERNETES, folder))
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => documents(folder, file) as Manifest[]);
}

/** The one kustomization of a folder. */
export function kustomizationOf(folder: string): Readonly<Record<string, unknown>> {
  return documents(folder, 'kustomization.yaml')[0] as Readonly<Record<string, unknown>>;
}

function documents(folder: string, file: string): object[] {
  const text = readFileSync(join(KUBERNETES, folder, file), 'utf8');
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return { file: `${folder}/${file}`, ...(document.toJS() as object) };
  });
}
