import { isUtf8 } from 'node:buffer'

/** A parsed object; its fields are as hostile as its bytes. */
export type Fields = Readonly<Record<string, unknown>>

/** What is larger than an entry holds long texts, not many values: nesting costs the parser thirty times its bytes. */
const isFlat = (bytes: Buffer) =>
  bytes.length < 65_536 || bytes.reduce((all, byte) => all + Number(byte === 0x5b || byte === 0x7b), 0) < 200_000

/** None where the bytes are no JSON object in UTF-8. */
export function parseFields(bytes: Buffer): Fields {
  try {
    return isUtf8(bytes) && isFlat(bytes) ? fieldsOf(JSON.parse(bytes.toString())) : {}
  } catch {
    return {}
  }
}

export const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
export const isText = (value: unknown): value is string => typeof value === 'string'
