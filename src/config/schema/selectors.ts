import { z } from 'zod'
import { complaint, group, name, several } from './values.ts'

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

/** Principals by group or by kind. */
export const who = z
  .strictObject({
    groups: several(group, 'github/repo:acme/reports').optional().meta({ description: 'Any of these groups' }),
    kind: z.enum(['job', 'person'], { error: complaint('This must be job or person.', 'Write kind: job or kind: person.') }).optional(),
  })
  .refine(notEmpty, empty)
