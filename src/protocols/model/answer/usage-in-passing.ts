import { type JsonPlace, JsonRewriter, MaskingError, NOTHING_THERE } from '../../../masking/index.ts'
import type { Json, Usage } from '../../../operations/index.ts'
import type { BodyChange } from '../../http/index.ts'
import { Used } from './used.ts'

/**
 * Reads what an answer used without holding it: vectors are long. Changes nothing of it, and reads nothing of what is no JSON.
 * @param said called at its end, where the provider says it
 */
export function usageInPassing(said: (usage: Usage) => void): BodyChange {
  const found: Record<string, Json> = {}
  const leaf = (name: string): JsonPlace => ({
    ...NOTHING_THERE,
    live: true,
    replace: (token) => {
      found[name] = JSON.parse(Buffer.from(token).toString()) as Json
      return undefined
    },
  })
  const usage: JsonPlace = { live: true, member: leaf, element: () => NOTHING_THERE }
  const root: JsonPlace = { live: true, member: (name) => (name === 'usage' ? usage : NOTHING_THERE), element: () => NOTHING_THERE }
  const reader = new JsonRewriter(root)
  let readable = true
  const read = (step: () => void) => {
    if (!readable) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof MaskingError)) throw error
      readable = false
    }
  }
  return {
    push(bytes) {
      read(() => reader.push(bytes))
      return bytes
    },
    end() {
      read(() => reader.end())
      const used = new Used()
      used.read({ usage: found })
      if (readable && used.said) said(used.said)
      return NOTHING
    },
  }
}

const NOTHING = new Uint8Array(0)
