import { z } from 'zod'
import { complaint, name, several } from './values.ts'

export const notEmpty = (value: object) => Object.keys(value).length > 0
export const empty = {
  error: complaint('This selector is empty.', 'Say what it selects, or leave it out: then it selects everything.'),
}

/** Resources by name or by tag. */
export const on = z
  .strictObject({
    resources: several(name, 'orders-db').optional().meta({ description: 'Any of these resources' }),
    tags: several(name, 'prod').optional().meta({ description: 'Any of these tags' }),
  })
  .refine(notEmpty, empty)
