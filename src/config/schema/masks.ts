import { z } from 'zod'
import { notEmpty, on, who } from './selectors.ts'
import { complaint, flag, group, name, secret, several } from './values.ts'

const part = '[^.\\p{Cc}]{1,63}'
const notAColumn = complaint(
  'This must be a column as database.schema.relation.column, the database as the target calls it; * is every column.',
  'Write for example orders.public.customers.email.',
)
const column = z
  .string({ error: notAColumn })
  .regex(new RegExp(`^${part}(\\.${part}){3,}$`, 'u'), { error: notAColumn })
  .meta({ description: 'A column, as database.schema.relation.column', examples: ['orders.public.customers.email'] })

const notFixed = complaint(
  'This must be at most 200 printable characters of ASCII: it has to be a text in every encoding.',
  'Write for example fixed: hidden.',
)
const notAnOperator = complaint(
  'This must be redact, null, partial, hash, or { fixed: … }.',
  'Write for example as: redact; docs/masks.md says what each does to which type.',
)
const operator = z.union(
  [
    z.enum(['redact', 'null', 'partial', 'hash']),
    // What `null` is in YAML without quotes.
    z.null(),
    z.strictObject({ fixed: z.string({ error: notFixed }).regex(/^[\x20-\x7e]{0,200}$/, { error: notFixed }) }),
  ],
  { error: notAnOperator },
)

export const mask = z
  .strictObject({
    name,
    who: who.optional().meta({ description: 'For whom it holds; left out: for everybody' }),
    except: z
      .strictObject(
        { groups: several(group, 'okta/fraud') },
        { error: complaint('This must name groups.', 'Write for example except: { groups: [okta/fraud] }.') },
      )
      .optional()
      .meta({ description: 'Who sees what it covers all the same' }),
    on: on.optional().meta({ description: 'Where it holds; left out: on every resource' }),
    columns: several(column, 'orders.public.customers.email').optional().meta({ description: 'Columns that it covers' }),
    detect: several(name, 'card')
      .optional()
      .meta({ description: 'Detectors whose finds it covers wherever no column does: built-in ones, or patterns of masking' }),
    as: operator.meta({ description: 'What is shown instead' }),
    unmaskedWrite: flag.optional().meta({ description: 'Whether who does not see a column may write it; default false' }),
    predicates: flag
      .optional()
      .meta({ description: 'Whether a column may filter, join, order and group, by which its values can be told; default false' }),
  })
  .refine((value) => value.columns !== undefined || value.detect !== undefined, {
    error: complaint('This mask covers nothing.', 'Give it columns, or detect, or both.'),
  })
  .meta({ description: 'What is not shown, and what is shown instead' })

export const masking = z
  .strictObject({
    key: secret.optional().meta({ description: 'The key of the operator hash: 32 bytes as base64 or hex' }),
    patterns: z
      .array(
        z.strictObject({
          name,
          pattern: z.string({
            error: complaint('This must be a pattern in RE2 syntax.', 'Write it in quotes, for example "EMP-[0-9]{4}".'),
          }),
        }),
        { error: complaint('This must be a list.', 'Write one entry per pattern, each starting with "- name:".') },
      )
      .optional()
      .meta({ description: 'Detectors of your own' }),
  })
  .refine(notEmpty, { error: complaint('This says nothing.', 'Give key or patterns, or leave it out.') })
  .meta({ description: 'What masks stand on' })
