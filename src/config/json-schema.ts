import { z } from 'zod'
import { document } from './schema/document.ts'

/** The published JSON Schema (draft 2020-12) of the configuration, as schema/gatescribe.schema.json has it: two spaces, one newline at the end. */
export function jsonSchema(): string {
  return `${JSON.stringify(z.toJSONSchema(document, { target: 'draft-2020-12', io: 'input' }), null, 2)}\n`
}
