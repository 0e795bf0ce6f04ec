import { z } from 'zod'
import type { Principal, Run } from '../../operations/index.ts'
import type { Asker } from '../../policy/index.ts'
import type { OpenedEntries } from './opened-entries.ts'
import type { PastSession } from './past-sessions.ts'
import { type Unsure, unsure } from './unsure.ts'

/** Who asked, from where, as far as it was recorded. */
export interface PastAsker {
  readonly principal: Principal
  readonly run: Pick<Run, 'id' | 'facts'>
  readonly session: NonNullable<Asker['session']>
  /** Facts that were known then and are not there any more, as conditions name them. */
  readonly unrecorded: ReadonlySet<string>
}

/** The payload `run` of `run.start`, as RunRecords writes it. */
const recordedRun = z.object({
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
  repository: z.string().optional(),
  workflow: z.string().optional(),
  commit: z.string().optional(),
  attempt: z.string().optional(),
  launcher: z.string().optional(),
  url: z.string().optional(),
})
/** The payload `client` of `session.open`, as the guard writes it. */
const recordedClient = z.object({
  claimed: z.object({ user: z.string().optional(), application: z.string().optional(), database: z.string().optional() }),
})

/** What stands where a secret was taken out; whoever writes it himself is taken at his word. */
export const isRedacted = (text: string) => text.includes('«redacted:')

/** Says who asked in a session, once per session. */
export class PastAskers {
  readonly #opened: OpenedEntries
  readonly #known = new WeakMap<PastSession, PastAsker | Unsure>()

  constructor(opened: OpenedEntries) {
    this.#opened = opened
  }

  of(session: PastSession): PastAsker | Unsure {
    let asker = this.#known.get(session)
    if (asker === undefined) {
      asker = this.#read(session)
      this.#known.set(session, asker)
    }
    return asker
  }

  #read({ id, runId, kind, started, opened }: PastSession): PastAsker | Unsure {
    if (started === undefined) return unsure('run')
    const content = this.#opened.of(started).get('run')
    if (content === undefined) return unsure('principal')
    const read = recordedRun.safeParse(parsed(content))
    if (!read.success) return unsure('principal')
    const { issuer, subject, groups, ...said } = read.data
    if ([issuer, subject, ...groups].some(isRedacted)) return unsure('redacted')
    const run = split(said, 'run')
    const client = this.#opened.of(opened).get('client')
    const claims = client && recordedClient.safeParse(parsed(client))
    const session = claims?.success ? split(claims.data.claimed, 'session') : NO_CLIENT
    return {
      principal: { kind, issuer, subject, groups },
      run: { id: runId, facts: run.known },
      session: { id, ...session.known },
      unrecorded: new Set([...run.redacted, ...session.redacted]),
    }
  }
}

const NO_CLIENT = { known: {}, redacted: ['session.user', 'session.application', 'session.database'] }

/** What is there, and the names of what was taken out. */
function split<T extends Readonly<Record<string, string | undefined>>>(said: T, of: 'run' | 'session') {
  const entries = Object.entries(said)
  const known = Object.fromEntries(entries.filter(([, text]) => text !== undefined && !isRedacted(text))) as { [Name in keyof T]?: string }
  return { known, redacted: entries.filter(([, text]) => text !== undefined && isRedacted(text)).map(([name]) => `${of}.${name}`) }
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString())
  } catch {
    return undefined
  }
}
