import { type RuledResource, rulesIn } from '../../config/index.ts'
import { CodedError, type Resource } from '../../operations/index.ts'
import { createPolicy, type ExplainingPolicy } from '../../policy/index.ts'
import type { StoredEntry } from '../../trail/index.ts'
import { globalLimits } from '../in-force.ts'

/** Configurations that are kept with their rules read; of others, only where they stand. */
const KEPT = 32

/** Rules as they were, and what they selected by. */
export interface PastPolicy {
  readonly policy: ExplainingPolicy
  /** Resource to its tags. */
  readonly tags: ReadonlyMap<string, readonly string[]>
  /** Resource to its kind; absent, or without it: PostgreSQL, as all once were. */
  readonly kinds?: ReadonlyMap<string, Resource['kind']>
  /** Resource to what its databases are called by clients, and by the target. Absent: not known. */
  readonly databases?: ReadonlyMap<string, ReadonlyMap<string, string>>
}

/** What is in force now. */
export interface PolicyInForce extends PastPolicy {
  /** Digest of the configuration's text. */
  readonly configuration: string
}

/** A configuration that was in force, read when somebody asks for it. */
export interface PastConfiguration {
  /** Undefined where its text is gone or cannot be read, or comes to another policy than was recorded. */
  read(): PastPolicy | undefined
}

/** @param name of the digests in its entry */
interface Said {
  readonly config: string
  readonly policy: string
}

/**
 * The policies of the past, each as its configuration was recorded: its text is a payload of `gateway.start` and `config.changed`, its digest
 * stands in every decision. A text that does not come to that digest is not taken for it.
 */
export class PastPolicies {
  readonly #inForce: PolicyInForce
  readonly #byDigest = new Map<string, PastConfiguration>()
  /** The configuration in force where the log has been read to. */
  current: PastConfiguration | undefined

  constructor(inForce: PolicyInForce) {
    this.#inForce = inForce
  }

  see(entry: StoredEntry): void {
    const said = saidBy(entry)
    if (said === undefined) return
    this.current = this.#configuration(entry, said)
    this.#byDigest.delete(said.policy)
    this.#byDigest.set(said.policy, this.current)
    if (this.#byDigest.size <= KEPT) return
    for (const oldest of this.#byDigest.keys()) {
      this.#byDigest.delete(oldest)
      break
    }
  }

  /** @param digest as decisions name their policy */
  of(digest: string): PastPolicy | undefined {
    return this.#byDigest.get(digest)?.read()
  }

  #configuration(entry: StoredEntry, said: Said): PastConfiguration {
    const { configuration, policy } = this.#inForce
    // Byte for byte what is in force, so nothing need be opened, or be there still.
    if (said.config === configuration && said.policy === policy.digest) return { read: () => this.#inForce }
    let known: PastPolicy | undefined | 'unread' = 'unread'
    return {
      read() {
        if (known === 'unread') known = recorded(entry, said.policy)
        return known
      },
    }
  }
}

/** What rules and masks select by. */
export const selectedBy = (resources: readonly RuledResource[]): Pick<PastPolicy, 'tags' | 'kinds' | 'databases'> => ({
  tags: new Map(resources.map(({ name, tags }) => [name, tags])),
  kinds: new Map(resources.map(({ name, kind }) => [name, kind])),
  databases: new Map(resources.flatMap(({ name, databases }) => (databases ? [[name, databases] as const] : []))),
})

function saidBy({ kind, fields }: StoredEntry): Said | undefined {
  const [config, policy] =
    kind === 'gateway.start' ? [fields.config, fields.policy] : kind === 'config.changed' ? [fields.to, fields.policyTo] : []
  return typeof config === 'string' && typeof policy === 'string' ? { config, policy } : undefined
}

function recorded(entry: StoredEntry, digest: string): PastPolicy | undefined {
  const content = entry.payloads().find(({ name }) => name === 'config')?.content
  if (content === undefined) return undefined
  try {
    const { rules, limits, masks, resources } = rulesIn(Buffer.from(content).toString())
    const policy = createPolicy(rules, globalLimits(limits), masks)
    return policy.digest === digest ? { policy, ...selectedBy(resources) } : undefined
  } catch (error) {
    // An earlier version may have taken what this one refuses.
    if (error instanceof CodedError) return undefined
    throw error
  }
}
