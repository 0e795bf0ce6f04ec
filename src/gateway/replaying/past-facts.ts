import { z } from 'zod'
import { type Facts, POSTGRES_CLASSES } from '../../operations/index.ts'

const names = z.array(z.string())

/** `Facts` as the guard writes them. What has another form is not read in part: a fact that is left out would be an unknown one. */
const facts = z.strictObject({
  effects: z.array(z.strictObject({ class: z.enum(POSTGRES_CLASSES), action: z.string() })),
  sql: z
    .strictObject({
      catalog: z.string().optional(),
      statements: z.int(),
      reads: names.optional(),
      writes: names.optional(),
      columns: z
        .strictObject({ output: names, predicate: names, written: names, sources: names.optional(), tests: names.optional() })
        .optional(),
      functions: names.optional(),
      bounded: z.boolean().optional(),
      transaction: z.enum(['idle', 'open', 'failed']).optional(),
    })
    .optional(),
})

/**
 * @param content of a payload `facts.<n>`
 * @returns undefined where this version does not write them so
 */
export function readFacts(content: Uint8Array): Facts | undefined {
  try {
    const read = facts.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content)))
    // Absent and undefined are the same to whoever reads facts, and a copy would cost as much as the parsing.
    return read.success ? (read.data as Facts) : undefined
  } catch {
    return undefined
  }
}
