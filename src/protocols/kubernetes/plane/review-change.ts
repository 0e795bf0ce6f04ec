import type { Decision, Facts, Json } from '../../../operations/index.ts'
import type { BodyChange } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { reviewed } from './reviews.ts'

/** A review is small; bytes. */
const LONGEST = 4 * 1024 * 1024

const NOTHING = new Uint8Array(0)

/** The answer to a review of oneself, with the gateway's own answer in it. @param decide what the rules say of facts */
export function reviewChange(decide: (facts: Facts) => Decision): BodyChange {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    push(bytes) {
      size += bytes.length
      if (size > LONGEST) throw new KubernetesError('GS_K8S_ANSWER')
      chunks.push(Uint8Array.from(bytes))
      return NOTHING
    },
    end() {
      const whole = Buffer.concat(chunks, size)
      const changed = reviewed(parsed(whole), decide)
      return changed === undefined ? whole : Buffer.from(`${JSON.stringify(changed)}\n`)
    },
  }
}

/** @throws KubernetesError GS_K8S_ANSWER: what cannot be read may say anything */
function parsed(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString()) as Json
  } catch {
    throw new KubernetesError('GS_K8S_ANSWER')
  }
}
