import { isUtf8 } from 'node:buffer'

/** A parsed object; its fields are as hostile as its bytes. */
export type Fields = Readonly<Record<string, unknown>>

/** What is larger than an entry holds long texts, not many values: nesting costs the parser thirty times its bytes. */
const LARGE = 65_535
const MOST_BRACKETS = 200_000

/** Undefined where the bytes are no JSON object in UTF-8. */
export function parseFields(bytes: Buffer): Fields | undefined {
  try {
    const value: unknown =
      isUtf8(bytes) && (bytes.length <= LARGE || brackets(bytes) <= MOST_BRACKETS) ? JSON.parse(bytes.toString()) : undefined
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

function brackets(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte === 0x5b || byte === 0x7b) count++
  return count
}

/** What an object itself has: `constructor` is a field only where somebody wrote it. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Fields)[name] : undefined
}

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
export const isText = (value: unknown): value is string => typeof value === 'string'
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
