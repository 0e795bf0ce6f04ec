import type { Operation } from '../../../operations/index.ts'
import type { DoorRequest } from '../plane.ts'
import { readBody } from '../relay/read-body.ts'
import { MOST_READ } from './plane.ts'
import { operationOf, readRequest, statementOf } from './read-request.ts'

/**
 * What a request is, without a session that it came in: what rules are tested with.
 * @param host of the target
 * @throws HttpError where it would be refused whatever the rules say
 */
export async function readPlainRequest(door: DoorRequest, host: string): Promise<Operation> {
  const request = readRequest(door)
  const body = await readBody(door.body, door.bodyLength, MOST_READ, new AbortController().signal)
  return operationOf(request, statementOf(request, body, door.bodyLength), { host })
}
