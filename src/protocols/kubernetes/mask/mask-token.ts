import { jsonString, maskText, REDACTED, textOf } from '../../../masking/index.ts'
import type { MaskOperator } from '../../../operations/index.ts'

const QUOTE = 0x22
const NULL = Buffer.from('null')
/** What stands for a text of which nothing is shown, whatever the operator. */
export const HIDDEN: Uint8Array = jsonString(REDACTED)

/**
 * What stands for a value in an object: a string for a string, null for anything else, for which clients take what is zero in its type.
 * @param encoded whether the string is bytes in base64, as in Secrets: what stands for it is too
 * @param key of the operator `hash`
 * @returns JSON
 */
export function maskToken(token: Uint8Array, as: MaskOperator, encoded: boolean, key: Uint8Array | undefined): Uint8Array {
  if (token[0] !== QUOTE) return NULL
  const text = textOf(token)
  const masked = maskText(encoded ? Buffer.from(text, 'base64') : Buffer.from(text), as, key)
  if (masked === null) return NULL
  return encoded ? jsonString(Buffer.from(Buffer.from(masked).toString('base64'))) : jsonString(masked)
}
