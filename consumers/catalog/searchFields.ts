import type { DocumentDefinition, FieldMapping } from '#infra/runtime/config/catalog.ts';

/** A searched field and the sub-fields that the analysis made for it. */
export interface SearchedField {
  readonly field: string;
  readonly weight: number;
  /** Fields that hold the same text in the other languages, and this one. */
  readonly languages: readonly string[];
  /** Pairs of neighbouring words as one word. */
  readonly joined: string | null;
  /** The whole text between marks of its beginning and end. */
  readonly whole: string | null;
  /** Beginnings of its words. */
  readonly prefix: string | null;
}

const LANGUAGES = ['en', 'de'];
const known = new WeakMap<DocumentDefinition, readonly SearchedField[]>();

/** The fields of `search.text`, heaviest first. */
export function searchedFields(definition: DocumentDefinition): readonly SearchedField[] {
  const made = known.get(definition);
  if (made !== undefined) return made;
  const fields = Object.entries(definition.search?.text ?? {}).map(([field, weight]): SearchedField => {
    const has = (name: string): string | null => (mappingAt(definition, name) === undefined ? null : name);
    // A sub-field (`brand.words`) has its own beside it (`brand.words_de`); sub-fields cannot be nested.
    const beside = (name: string): string | null => has(`${field}${field.includes('.') ? '_' : '.'}${name}`);
    return {
      field,
      weight,
      languages: [field, ...LANGUAGES.map(beside).filter((name) => name !== null)],
      joined: beside('joined'),
      whole: beside('whole'),
      prefix: beside('prefix'),
    };
  });
  fields.sort((a, b) => b.weight - a.weight);
  known.set(definition, fields);
  return fields;
}

/** The mapping of `a`, `a.b` (member or sub-field) and so on. */
export function mappingAt(definition: Pick<DocumentDefinition, 'mapping'>, path: string): FieldMapping | undefined {
  let members: Readonly<Record<string, unknown>> = definition.mapping;
  let found: FieldMapping | undefined;
  for (const name of path.split('.')) {
    found = Object.hasOwn(members, name) ? (members[name] as FieldMapping) : undefined;
    if (found === undefined) return undefined;
    members = { ...(found['properties'] as object | undefined), ...(found['fields'] as object | undefined) };
  }
  return found;
}
