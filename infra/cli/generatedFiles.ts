import { readFileSync, writeFileSync } from 'node:fs';
import { grantsScript } from '#connectors/commands/model/grants.ts';
import { commandsPage } from '#connectors/commands/openapi/docsPage.ts';
import { staleOpenApiFiles, writeOpenApiFiles } from './openApiFiles.ts';

/** What is made from the use cases and committed, so that a change shows in review; the OpenAPI documents are in openApiFiles.ts. */
const FILES: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: 'docs/commands.md', text: commandsPage },
  { path: 'infra/sql/common/commandsGrants.sql', text: grantsScript },
];

/** Paths of committed files that differ from what the use cases say. */
export function staleCommandFiles(): readonly string[] {
  return [...staleOpenApiFiles(), ...FILES.filter(isStale).map(({ path }) => path)];
}

/** Writes them where they differ; the paths written. */
export function writeCommandFiles(): readonly string[] {
  const stale = FILES.filter(isStale);
  for (const { path, text } of stale) writeFileSync(absolute(path), text());
  return [...writeOpenApiFiles(), ...stale.map(({ path }) => path)];
}

function isStale({ path, text }: (typeof FILES)[number]): boolean {
  try {
    return readFileSync(absolute(path), 'utf8') !== text();
  } catch {
    return true;
  }
}

const absolute = (path: string): URL => new URL(`../../${path}`, import.meta.url);
