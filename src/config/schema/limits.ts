import { z } from 'zod'
import { count, sizeOf } from './values.ts'

export const limits = z
  .strictObject({
    statementBytes: sizeOf.optional().meta({ description: 'Longest text of a statement; a longer one is refused' }),
    resultRows: count.optional().meta({ description: 'Rows of results, or rows copied, per operation' }),
  })
  .meta({ description: 'What holds for every operation, whatever the rules say' })
