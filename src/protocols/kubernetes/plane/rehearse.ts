import type { Operation } from '../../../operations/index.ts'
import type { DoorRequest } from '../../http/index.ts'
import { Repeated, readAsked, readHead } from './asked.ts'

/**
 * What a request is, without a session that it came in: what rules are tested with.
 * @throws KubernetesError where it would be refused whatever the rules say
 */
export async function readKubernetesRequest(door: DoorRequest): Promise<Operation> {
  const { operation } = await readAsked(readHead(door), door, new Repeated(), new AbortController().signal)
  return operation
}
