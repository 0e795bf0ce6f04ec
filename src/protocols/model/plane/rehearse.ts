import type { ModelResource, Operation } from '../../../operations/index.ts'
import type { DoorRequest } from '../../http/index.ts'
import { readAsked } from '../request/read-request.ts'
import { forwardedBody, statementOf } from './statement.ts'

/**
 * What a request is, without a session that it came in: what rules are tested with.
 * @throws ModelError, HttpError where it would be refused whatever the rules say
 */
export async function readModelRequest(door: DoorRequest, resource: ModelResource): Promise<Operation> {
  const asked = await readAsked(door, resource, new AbortController().signal)
  const statement = statementOf(asked, forwardedBody(asked).body)
  return { protocol: 'model', form: 'request', statement, facts: asked.facts, ...(asked.cost && { cost: asked.cost }) }
}
