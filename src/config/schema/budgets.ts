import { z } from 'zod'
import { money } from '../money.ts'
import { complaint, duration, name, sizeOf } from './values.ts'

const amount = (least: number) =>
  z
    .int({ error: complaint('This must be a whole number.', 'Write for example 10000.') })
    .min(least, { error: complaint(`This must be at least ${least}.`, 'Write for example 10000.') })

const limit = z
  .strictObject({
    operations: amount(1).optional().meta({ description: 'Operations that are admitted' }),
    rows: amount(1).optional().meta({ description: 'Rows of results, or rows copied in' }),
    bytes: z
      .union([amount(1), sizeOf], { error: complaint('This must be a number of bytes, or a size.', 'Write for example 100MiB.') })
      .optional()
      .meta({ description: 'Bytes of results, or bytes copied in: a number, or a size such as 100MiB' }),
    tokens: amount(1).optional().meta({ description: 'Tokens of models, into them and out of them' }),
    money: z
      .string({ error: complaint('This must be an amount of money.', 'Write for example 5 USD.') })
      .regex(/^[0-9]{1,9}(\.[0-9]{1,6})? [A-Z]{3}$/, {
        error: complaint('This must be an amount and a currency of ISO 4217.', 'Write for example 5 USD, or 0.25 EUR.'),
      })
      .refine((value) => money(value).micros > 0, { error: complaint('This must be more than nothing.', 'Write for example 5 USD.') })
      .optional()
      .meta({
        description: 'What models cost, by the prices of their resources; of those without a price none is called',
        examples: ['5 USD'],
      }),
    refusals: amount(0).optional().meta({ description: 'Operations that are refused; one more suspends the run' }),
    approvalsAsked: amount(0).optional().meta({ description: 'Requests for approval; one more suspends the run' }),
    concurrentRuns: amount(1).optional().meta({ description: 'Runs that are live at once' }),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: complaint(
      'This budget limits nothing.',
      'Give it operations, rows, bytes, tokens, money, refusals, approvalsAsked or concurrentRuns.',
    ),
  })

export const budget = z
  .strictObject({
    name,
    per: z
      .enum(['run', 'workload', 'principal', 'resource', 'model'], {
        error: complaint('This must be run, workload, principal, resource or model.', 'Write for example per: run.'),
      })
      .meta({ description: 'What is counted together; a workload is a workflow of a repository, a model one by its name at one resource' }),
    over: duration.optional().meta({ description: 'Length of the sliding window; without it, per run only, the whole run' }),
    limit,
    warnAt: z
      .number({ error: complaint('This must be a number above 0 and up to 1.', 'Write for example 0.8.') })
      .gt(0, { error: complaint('This must be a number above 0 and up to 1.', 'Write for example 0.8.') })
      .lte(1, { error: complaint('This must be a number above 0 and up to 1.', 'Write for example 0.8.') })
      .optional()
      .meta({ description: 'Share of a limit from which on the trail warns' }),
  })
  .meta({ description: 'What runs may come to' })
