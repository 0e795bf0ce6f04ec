import type { PastRun } from '../../api/local/index.ts'
import type { EntryFields, StoredEntry, Trail } from '../../trail/index.ts'
import type { Searching } from '../searching/index.ts'

const START = Buffer.from('"kind":"run.start"')

/**
 * The `run.start` of a run: the search index knows where it stands; what it does not know yet is read.
 * @param size how far the log goes
 * @returns undefined where the log has none, or no more
 */
export async function startOf(
  run: string,
  { searching, trail }: { readonly searching: Searching; readonly trail: Pick<Trail, 'read'> },
  size: number,
  signal: AbortSignal,
): Promise<StoredEntry | undefined> {
  const page = await searching.search({ run, kind: 'run.start', oldest: true }, { limit: 1 }, size).catch(() => undefined)
  const [index] = page?.entries ?? []
  const entry = index === undefined ? undefined : await searching.entry(index)
  if (entry?.fields.run === run) return entry
  const name = Buffer.from(`"${run}"`)
  for await (const candidate of trail.read({ from: page?.indexed ?? 0, signal })) {
    const bytes = Buffer.from(candidate.bytes.buffer, candidate.bytes.byteOffset, candidate.bytes.byteLength)
    if (bytes.includes(START) && bytes.includes(name) && candidate.kind === 'run.start' && candidate.fields.run === run) return candidate
  }
  return undefined
}

/** What the entry says of its run, in words of the API. */
export function runFacts(start: StoredEntry, state: PastRun['state']): PastRun {
  const { run } = start.fields
  const { pseudonym, kind, issuer } = (start.fields.who ?? {}) as EntryFields
  const facts = factsOf(start)
  return {
    ...{ id: String(run), who: String(pseudonym), kind: String(kind), issuer: String(issuer), startedAt: start.at, entry: start.index },
    ...(state && { state }),
    ...(facts && { facts }),
  }
}

function factsOf(start: StoredEntry): PastRun['facts'] {
  const content = start.payloads().find(({ name }) => name === 'run')?.content
  if (content === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(content).toString('utf8')) as NonNullable<PastRun['facts']>
  } catch {
    return undefined
  }
}
