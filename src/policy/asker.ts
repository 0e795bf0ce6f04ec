import type { PostgresResource, Principal, Resource, Run } from '../operations/index.ts'

/**
 * Who asks, of what, from where: one object for the whole of a session. Answers are kept by it, so it must not change after it was asked
 * about: a change is a new object. What is absent is unknown to rules, never empty.
 */
export interface Asker {
  readonly principal: Principal
  /** Without `databases` it is not known which database the session is connected to. */
  readonly resource: Pick<Resource, 'name' | 'kind' | 'tags'> & Partial<Pick<PostgresResource, 'databases'>>
  readonly run?: Pick<Run, 'id' | 'facts'>
  /** Everything but `id` is what the client says of itself. */
  readonly session?: {
    readonly id: string
    readonly user?: string
    readonly database?: string
    readonly application?: string
  }
}
