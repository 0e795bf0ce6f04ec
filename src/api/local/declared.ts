import type { ApprovalChannel } from '../../approvals/index.ts'
import type { Operator } from './operator.ts'
import type { Permission } from './permissions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route needs of its caller. A door refuses to be built with a route that says nothing. */
    readonly permission?: Permission
  }
  interface FastifyRequest {
    /** What the caller may have done, in the caller's name. */
    operator: Operator
    /** By which way an answer of the caller comes. */
    channel: ApprovalChannel
  }
}
