import type { DocumentDefinition, SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

const MAX_QUERY_CHARS = 200;

/** The error for a search that is not on the definition's lists or too large. */
export function invalid(message: string): SluiceError {
  return new SluiceError('SEARCH_REQUEST_INVALID', message);
}

/** @throws SEARCH_REQUEST_INVALID when the type declares no search */
export function searchOf(definition: DocumentDefinition): SearchDefinition {
  if (definition.search !== undefined) return definition.search;
  throw invalid(`document type ${definition.type} declares no search.`);
}

/** Trimmed. @throws SEARCH_REQUEST_INVALID when it has more than 200 characters */
export function checkedText(q: string): string {
  if (q.length > MAX_QUERY_CHARS)
    throw invalid(`the query has ${q.length} characters, ${MAX_QUERY_CHARS} are allowed.`);
  // A lone surrogate is no character and cannot be written as JSON text for everybody.
  return q.toWellFormed().trim();
}
