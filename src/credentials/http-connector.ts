import type { HttpCredential, HttpSecret, Login } from '../operations/index.ts'
import { type Connector, connectorBy, type DialVia, type Opening } from './connector.ts'
import { CredentialsError } from './errors.ts'
import { type HttpOpener, httpOpener, type Opened } from './http-opener.ts'
import { Kept } from './kept.ts'
import type { References } from './references.ts'
import type { HttpCredentialSettings, HttpOpening, TargetSettings } from './target-settings.ts'

/** Openings that are remembered: as many as a configuration has at most, and those that a reload took away go first. */
const REMEMBERED = 256
/** After so long what a target refused is looked for anew again; ms. Otherwise each request to one that refuses everything would start a program. */
const REFUSED_AGAIN_MS = 5_000

/** What may be replaced for a test. */
export interface HttpSurroundings {
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** Where Kubernetes puts a pod's service account. */
  readonly serviceAccount?: string
}

/**
 * Connections to targets that are told who the gateway is with every request. What tells it is the same for all connections, and looked at
 * anew as it changes.
 *
 * @param parts.resource the resource as configured now; a reload may have taken it away
 * @param parts.login the protocol's log-in
 * @param parts.dialVia absent: no target is behind a connector
 */
export function createHttpConnector<Ask, Target>(
  parts: {
    readonly resource: (name: string) => TargetSettings<HttpCredentialSettings> | undefined
    readonly login: Login<Ask, Target, HttpSecret>
    readonly references: References
    readonly dialVia?: DialVia | undefined
  },
  surroundings: HttpSurroundings = {},
): Connector<Ask, Target> {
  return connectorBy({ ...parts, opening: opening(parts.references, surroundings) })
}

function opening(references: References, surroundings: HttpSurroundings): Opening<HttpCredentialSettings, HttpSecret> {
  const { now = Date.now } = surroundings
  const open = httpOpener(references, { now, ...surroundings })
  const known = new Map<string, HttpSource>()
  const sourceOf = (opens: HttpOpening): HttpSource => {
    const key = JSON.stringify(opens)
    const found = known.get(key) ?? new HttpSource(opens, open, now)
    known.delete(key)
    known.set(key, found)
    if (known.size > REMEMBERED) known.delete(known.keys().next().value!)
    return found
  }
  return {
    async secretOf({ opens }) {
      const source = sourceOf(opens)
      const { version, ca } = await source.anew()
      return { secret: source, version, ...(ca !== undefined && { ca }) }
    },
    forget: ({ opens }) => sourceOf(opens).forget(),
  }
}

/** One way to open a target, shared by all connections that it opens. */
class HttpSource implements HttpSecret {
  readonly #opens: HttpOpening
  readonly #open: HttpOpener
  readonly #now: () => number
  readonly #kept: Kept<Opened>
  #forgotten = Number.NEGATIVE_INFINITY

  constructor(opens: HttpOpening, open: HttpOpener, now: () => number) {
    this.#opens = opens
    this.#open = open
    this.#now = now
    this.#kept = new Kept(() => open.load(opens), now)
  }

  /** For a new connection: a file may be another one than for the connection before. @throws CredentialsError that names the reference */
  anew(): Promise<Opened> {
    this.#kept.expire()
    return this.#kept.get()
  }

  async current(): Promise<HttpCredential> {
    try {
      return (await this.#kept.get()).credential
    } catch (cause) {
      throw new CredentialsError('GS_TARGET_CREDENTIAL_UNAVAILABLE', undefined, { cause })
    }
  }

  refused(used: HttpCredential): void {
    if (this.#kept.current?.credential !== used || this.#now() - this.#forgotten < REFUSED_AGAIN_MS) return
    this.forget()
  }

  forget(): void {
    this.#forgotten = this.#now()
    this.#kept.expire()
    this.#open.forget(this.#opens)
  }
}
