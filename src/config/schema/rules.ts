import { z } from 'zod'
import { complaint, group, moment, name, sentence, several } from './values.ts'

const notEmpty = (value: object) => Object.keys(value).length > 0
const empty = { error: complaint('This selector is empty.', 'Say what it selects, or leave it out: then it selects everything.') }

export const rule = z
  .strictObject({
    name,
    effect: z.enum(['allow', 'ask', 'deny'], { error: complaint('This must be allow, ask or deny.', 'Write for example effect: allow.') }),
    who: z
      .strictObject({
        groups: several(group, 'github/repo:acme/reports').optional().meta({ description: 'Any of these groups' }),
        kind: z.enum(['job', 'person'], { error: complaint('This must be job or person.', 'Write kind: job or kind: person.') }).optional(),
      })
      .refine(notEmpty, empty)
      .optional(),
    on: z
      .strictObject({
        resources: several(name, 'orders-db').optional().meta({ description: 'Any of these resources' }),
        tags: several(name, 'prod').optional().meta({ description: 'Any of these tags' }),
      })
      .refine(notEmpty, empty)
      .optional(),
    do: several(z.literal('postgres.*', { error: complaint('This must be postgres.*', 'Write do: [postgres.*].') }), 'postgres.*'),
    say: sentence.optional().meta({ description: 'The next step that a refusal tells the agent' }),
    until: moment.optional().meta({ description: 'From this moment on the rule says nothing' }),
  })
  .meta({ description: 'Deny overrides ask overrides allow; where nothing matches, the answer is deny' })
