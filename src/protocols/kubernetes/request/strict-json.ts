import type { Json } from '../../../operations/index.ts'
import { strictJson as readStrictly, StrictJsonError, utf8Text } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'

/** @throws KubernetesError GS_K8S_BODY where it is not UTF-8: Go would read another text than we do */
export const utf8 = (bytes: Uint8Array): string => inOurWords(() => utf8Text(bytes))

/** As `strictJson` of the room http. @throws KubernetesError GS_K8S_BODY */
export const strictJson = (text: string): Json => inOurWords(() => readStrictly(text))

function inOurWords<Read>(read: () => Read): Read {
  try {
    return read()
  } catch (error) {
    throw error instanceof StrictJsonError ? new KubernetesError('GS_K8S_BODY', error.message) : error
  }
}
