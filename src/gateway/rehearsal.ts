import type { AskedOperation, Config, RuledResource } from '../config/index.ts'
import { isReadOnly } from '../guard/read-only.ts'
import type { Facts, Operation, Principal, RunFacts } from '../operations/index.ts'
import { type Asker, createPolicy, type Explanation } from '../policy/index.ts'
import { createCatalog } from '../protocols/postgres/catalog/index.ts'
import { declareSnapshot } from '../protocols/postgres/declared/index.ts'
import { createUnderstanding, transactionFacts } from '../protocols/postgres/sql/index.ts'
import { globalLimits } from './in-force.ts'
import { understandRequest } from './rehearsed-request.ts'

/** An operation that nobody sent. */
export type Question = AskedOperation & {
  readonly principal: Principal
  readonly run: RunFacts
  /** The name of a resource that is configured. */
  readonly on: string
  readonly session: { readonly user?: string; readonly database?: string; readonly application?: string }
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface Answer {
  readonly explanation: Explanation
  /** What the statement or request was understood to be. */
  readonly facts: Facts
  /** Set where the text is refused whatever the rules say. */
  readonly refusal?: string
}

/** The rules of a configuration, asked without a gateway or a database: facts come from the statement or request as they would in one. */
export interface Rehearsal {
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** What of a configuration is rehearsed. */
export type Rehearsed = Pick<Config, 'rules' | 'limits' | 'masks'> & {
  readonly resources: readonly RuledResource[]
}

/** Bytes that are read of a statement where the configuration does not say. */
const STATEMENT_BYTES = 1024 * 1024

/**
 * @param ddl CREATE statements that describe the database; undefined: nothing is known of it, so most facts are unknown
 * @throws DeclaredError, RuleError
 */
export async function openRehearsal({ rules, limits, masks, resources }: Rehearsed, ddl: string | undefined): Promise<Rehearsal> {
  const catalog = ddl === undefined ? undefined : createCatalog(await declareSnapshot(ddl))
  const policy = createPolicy(rules, globalLimits(limits), masks)
  const understanding = createUnderstanding({ statementBytes: limits.statementBytes ?? STATEMENT_BYTES })
  const withTransaction = transactionFacts()

  return {
    async ask({ principal, run, on, session, now, ...asked }) {
      const found = resources.find(({ name }) => name === on)
      if (found === undefined) throw new TypeError('a resource that is not configured')
      const resource = {
        name: found.name,
        kind: found.kind,
        tags: found.tags,
        ...(found.databases && { databases: found.databases }),
      } as const
      const asker: Asker = { principal, resource, run: { id: 'run_rehearsed', facts: run }, session: { id: 'ses_rehearsed', ...session } }
      if ('request' in asked) {
        if (found.kind === 'postgres') throw new TypeError('a request to what takes statements')
        const { operation, refusal } = await understandRequest(found.kind, found, asked.request)
        const facts = operation.facts ?? { effects: [] }
        return { explanation: policy.explain(asker, operation, now), facts, ...(refusal !== undefined && { refusal }) }
      }
      const text = Buffer.from(asked.sql)
      const reading = understanding.openSession({
        catalog: { current: catalog, fresh: async () => catalog, stale: () => {} },
        user: 'gatescribe',
        searchPath: '"$user", public',
        usable: 'all',
        readOnly: isReadOnly(policy.couldPermit(asker, now)),
        parameters: new Map([
          ['server_encoding', 'UTF8'],
          ['client_encoding', 'UTF8'],
          ['standard_conforming_strings', 'on'],
        ]),
        serverVersion: catalog?.serverVersion ?? 180_000,
      })
      try {
        const understood = await reading.understand(text)
        const facts = policy.usesTransaction ? withTransaction(understood.facts, 'idle') : understood.facts
        const operation: Operation = { protocol: 'postgres', form: 'query', statement: { text }, facts }
        const explanation = policy.explain(asker, operation, now)
        return { explanation, facts, ...(understood.refusal !== undefined && { refusal: understood.refusal }) }
      } finally {
        reading.close()
      }
    },
    close: () => understanding.close(),
  }
}
