/** Sets the rule that new schemas must be able to read old data: Apicurio begins with NONE, Confluent's registry with BACKWARD. */
export async function requireBackward(url: string, signal: AbortSignal | undefined): Promise<void> {
  const answer = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
    ...(signal && { signal }),
  });
  await answer.body?.cancel();
}
