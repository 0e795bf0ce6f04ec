import type { PastSessionAnswer, TranscriptSession } from '../../api/local/index.ts'
import type { EntryFields, EntryValue, StoredEntry, Trail } from '../../trail/index.ts'

/** What entries say of a session, in words of the API. @param closed undefined where it goes on, or nobody knows how it ended */
export function sessionFacts(
  opened: StoredEntry,
  closed: StoredEntry | undefined,
  isLive: boolean,
  trail: Pick<Trail, 'hasKey'>,
): PastSessionAnswer {
  const { session, run, resource, protocol, tls, breakGlass } = opened.fields
  const who = object(opened.fields.who)
  return {
    ...{ id: String(session), run: String(run), resource: String(resource), protocol: String(protocol) },
    ...{ who: String(who.pseudonym), kind: String(who.kind), state: isLive && !closed ? 'live' : 'ended' },
    ...{ openedAt: opened.at, opened: opened.index, tls: tls === true, recording: recordingOf(opened.fields, trail) },
    ...(typeof breakGlass === 'string' && { breakGlass }),
    ...(closed && { closedAt: closed.at, ...ending(closed.fields) }),
  }
}

/** How a session ended, and how many of its operations were allowed and refused. */
export function ending({ reason, allowed, refused }: EntryFields) {
  return {
    reason: String(reason),
    ...(typeof allowed === 'number' && { allowed }),
    ...(typeof refused === 'number' && { refused }),
  }
}

/** Whether there is something to replay. */
export function recordingOf({ recording }: EntryFields, trail: Pick<Trail, 'hasKey'>): PastSessionAnswer['recording'] {
  const { key } = object(recording)
  if (typeof key !== 'string') return 'none'
  return trail.hasKey(key) ? 'recorded' : 'gone'
}

/** What the client said of itself; undefined where it is gone. */
export function clientOf(opened: StoredEntry): TranscriptSession['client'] {
  const content = opened.payloads().find(({ name }) => name === 'client')?.content
  if (content === undefined) return undefined
  try {
    const { address, claimed } = JSON.parse(Buffer.from(content).toString('utf8')) as { address: unknown; claimed: object }
    const said = Object.entries({ ...claimed, address }).filter(([, value]) => typeof value === 'string')
    return Object.fromEntries(said) as Record<string, string>
  } catch {
    return undefined
  }
}

function object(value: EntryValue | undefined): EntryFields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as EntryFields) : {}
}
