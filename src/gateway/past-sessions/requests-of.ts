import type { WholeRequest } from '../../api/local/index.ts'
import type { IntentFields, StoredEntry, Trail } from '../../trail/index.ts'
import { OpenedEntries, PastHistories } from '../replaying/index.ts'

/** The requests that an entry says for the first time and its run said parts of before, put together again. */
export async function requestsOf(
  entry: StoredEntry,
  trail: Pick<Trail, 'read'>,
  brought: ConstructorParameters<typeof PastHistories>[1],
): Promise<readonly WholeRequest[]> {
  if (entry.kind !== 'operation.intent') return []
  const { session, histories = [] } = entry.fields as unknown as IntentFields
  const opened = new OpenedEntries(trail)
  const past = new PastHistories(opened, brought)
  const requests: WholeRequest[] = []
  for (const statement of new Set(histories.map(([of]) => of))) {
    opened.isAt(entry)
    const request = await past.request(session, statement, entry.index)
    if (request) requests.push({ statement, text: request.text.toString(), ...(request.gone.length > 0 && { gone: [...request.gone] }) })
  }
  return requests
}
