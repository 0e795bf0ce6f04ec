import { z } from 'zod'
import { complaint, group, issuerName, moment, name, sentence } from './values.ts'

const line = z.string({ error: complaint('This must be text.', 'Write it in quotes.') })

const answer = z.enum(['allow', 'ask', 'deny'], {
  error: complaint(
    'This must be allow, ask or deny.',
    'Write for example expect: deny, or expect: { effect: deny, rule: no-unbounded-writes }.',
  ),
})

/** Where masks refuse, they are named as the answer names them. */
const ruleName = z.union([name, z.string().regex(/^mask:[a-z0-9][a-z0-9._-]{0,62}$/)])
const rules = z.union([ruleName.transform((one) => [one]), z.array(ruleName)], {
  error: complaint(
    'This must be the name of a rule, mask: and the name of a mask, or a list of names.',
    'Write for example rule: reports-may-read.',
  ),
})

const who = z.strictObject({
  kind: z.enum(['job', 'person'], { error: complaint('This must be job or person.', 'Write kind: job or kind: person.') }).optional(),
  issuer: issuerName.optional(),
  subject: line.optional(),
  groups: z.array(group, { error: complaint('This must be a list.', 'Write for example [github/repo:acme/reports].') }).optional(),
  run: z
    .strictObject({
      repository: line.optional(),
      workflow: line.optional(),
      commit: line.optional(),
      attempt: line.optional(),
      launcher: line.optional(),
      url: line.optional(),
    })
    .optional(),
})

const testCase = z.strictObject({
  name: sentence,
  who: who.optional(),
  on: name.optional(),
  database: line.optional(),
  user: line.optional(),
  application: line.optional(),
  at: moment.optional(),
  sql: line.optional(),
  request: line.optional(),
  headers: z
    .record(z.string(), line, { error: complaint('This must be a map.', 'Write for example headers: { accept: application/json }.') })
    .optional(),
  body: z.unknown().optional(),
  upgrade: line.optional(),
  expect: z.union([answer.transform((effect) => ({ effect })), z.strictObject({ effect: answer, rule: rules.optional() })], {
    error: complaint('This must say what is expected.', 'Write expect: deny, or expect: { effect: deny, rule: no-unbounded-writes }.'),
  }),
})

/** A file of cases, as `gatescribe policy test` reads it. */
export const cases = z.strictObject(
  {
    schema: line.optional(),
    who: who.optional(),
    on: name.optional(),
    cases: z
      .array(testCase, { error: complaint('This must be a list.', 'Write one entry per case, each starting with "- name:".') })
      .min(1, { error: complaint('There is no case here.', 'Write at least one.') }),
  },
  { error: complaint('A file of cases must be a map.', 'Start with schema: and cases:.') },
)

export type CasesDocument = z.output<typeof cases>
