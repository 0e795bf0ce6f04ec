import { z } from 'zod'
import { PLANE_KINDS, PLANES } from '../../operations/index.ts'
import { nearest } from '../nearest.ts'
import { notEmpty, on, who } from './selectors.ts'
import { complaint, count, duration, flag, group, moment, name, sentence, several, sizeOf } from './values.ts'

/** An action that is called like its class is named once. */
const effects = PLANE_KINDS.flatMap((kind) => {
  const { classes, actions } = PLANES[kind]
  return [...new Set(['*', ...classes, ...actions.keys()])].map((effect) => `${kind}.${effect}`)
})

/** What may stand there, for the plane that was meant. */
function written(input: unknown): string {
  const kind = PLANE_KINDS.find((each) => typeof input === 'string' && input.startsWith(`${each}.`)) ?? 'postgres'
  const { classes, page } = PLANES[kind]
  return `Write ${kind}.*, a class (${classes.map((one) => `${kind}.${one}`).join(', ')}), or an action of ${page}.`
}

const effect = z.enum(effects, {
  error: ({ input }) => {
    const meant = typeof input === 'string' ? nearest(input, effects) : undefined
    return complaint('No effect is called so.', meant === undefined ? written(input) : `Did you mean ${meant}?`)
  },
})

const limits = z
  .strictObject({
    rows: count.optional().meta({ description: 'Rows of results, or rows copied, per operation' }),
    bytes: sizeOf.optional().meta({ description: 'Bytes of results, or bytes copied in, per operation' }),
    statementBytes: sizeOf.optional().meta({ description: 'For a longer statement the rule does not allow' }),
    time: duration.optional().meta({ description: 'From the admission of an operation to its end' }),
  })
  .refine(notEmpty, { error: complaint('These limits are empty.', 'Write for example limits: { rows: 10000 }, or leave it out.') })

const approvers = z
  .strictObject({
    groups: several(group, 'okta/sre').optional().meta({ description: 'Any of these groups of people; left out: the role approver' }),
    count: count
      .max(10, { error: complaint('This must be at most 10.', 'Write for example 2.') })
      .optional()
      .meta({
        description: 'How many different persons must say yes; default 1',
      }),
  })
  .refine(notEmpty, { error: complaint('This asks for nothing.', 'Write for example approvers: { groups: [okta/sre] }, or leave it out.') })

const condition = z.string({
  error: complaint('This must be a condition in CEL.', 'Write it in quotes, for example when: "!sql.bounded".'),
})

export const rule = z
  .strictObject({
    name,
    effect: z.enum(['allow', 'ask', 'deny'], { error: complaint('This must be allow, ask or deny.', 'Write for example effect: allow.') }),
    who: who.optional(),
    on: on.optional(),
    do: several(effect, 'postgres.read').meta({ description: 'Which effects of operations the rule is about' }),
    when: condition.optional().meta({
      description: 'CEL over the facts of the operation: the rule speaks only where it is true',
      examples: ['!sql.bounded'],
    }),
    limits: limits.optional().meta({ description: 'What the rule grants at most; of allow and ask only' }),
    approvers: approvers.optional().meta({ description: 'Who must say yes; of ask only. Left out: one who holds the role approver' }),
    for: duration.optional().meta({
      description: 'How long a request waits for its answer, and then how long what was approved may be used; of ask only, default 15m',
    }),
    stream: flag.optional().meta({ description: 'Whether content that comes later is approved unseen; of ask only, default false' }),
    say: sentence.optional().meta({ description: 'The next step that a refusal tells the agent' }),
    until: moment.optional().meta({ description: 'From this moment on the rule says nothing' }),
  })
  .meta({ description: 'Deny overrides ask overrides allow; where nothing matches, the answer is deny' })
