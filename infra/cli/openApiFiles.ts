import { readFileSync, writeFileSync } from 'node:fs';
import { commandsOpenApi } from '#connectors/commands/openapi/document.ts';
import { storefrontOpenApi } from '#consumers/storefront/openapi.ts';
import { SHOP_SEARCH } from '#infra/demo/document.ts';

/** A generated document that is committed, so that a change of the API shows in review. */
export interface OpenApiFile {
  /** Path from the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Both OpenAPI documents as they should stand in schemas/openapi. The read API's filters are those of the demo's products. */
export function openApiFiles(): readonly OpenApiFile[] {
  const file = (name: string, document: object): OpenApiFile => ({
    path: `schemas/openapi/${name}.json`,
    text: `${JSON.stringify(document, null, 2)}\n`,
  });
  return [file('commands', commandsOpenApi()), file('storefront', storefrontOpenApi(SHOP_SEARCH))];
}

/** Paths of committed documents that differ from what the code says. */
export function staleOpenApiFiles(): readonly string[] {
  return openApiFiles()
    .filter((file) => compact(readOrEmpty(file.path)) !== compact(file.text))
    .map((file) => file.path);
}

/** Writes the documents where they differ; the paths written. */
export function writeOpenApiFiles(): readonly string[] {
  const stale = new Set(staleOpenApiFiles());
  for (const file of openApiFiles()) if (stale.has(file.path)) writeFileSync(absolute(file.path), file.text);
  return [...stale];
}

/** Without layout: the formatter may have its own ideas of it. */
const compact = (text: string): string => (text === '' ? '' : JSON.stringify(JSON.parse(text)));

const absolute = (path: string): URL => new URL(`../../${path}`, import.meta.url);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(absolute(path), 'utf8');
  } catch {
    return '';
  }
}

/** `node infra/cli/openApiFiles.ts [--check]`: writes the documents, or exits 1 when a committed one is stale. */
if (import.meta.main) {
  const isCheck = process.argv.includes('--check');
  const paths = isCheck ? staleOpenApiFiles() : writeOpenApiFiles();
  process.stdout.write(
    paths.length === 0
      ? 'OpenAPI documents are up to date.\n'
      : `${isCheck ? 'Stale' : 'Written'}: ${paths.join(', ')}\n`,
  );
  if (isCheck && paths.length > 0) process.exitCode = 1;
}
