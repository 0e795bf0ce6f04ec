import { z } from 'zod'
import { complaint, several } from './values.ts'

const scalar = z.union([z.string().min(1), z.int(), z.boolean()], {
  error: complaint(
    'A claim is compared with a string, a whole number, true or false.',
    'Write for example "1234567"; quotes make it a string.',
  ),
})
export const claim = z.string().regex(/^[^\p{Cc}]{1,200}$/u, { error: complaint('This is no claim.', 'Write the name of a claim.') })

export const accept = z.record(
  claim,
  z.union([scalar, several(scalar, 'push, schedule')], {
    error: complaint(
      'A claim is compared with a string, a whole number, true or false, or a list of them.',
      'Write for example [push, schedule].',
    ),
  }),
  {
    error: complaint('This must map claims to what they must be.', 'Write for example accept: { repository_owner_id: "1234567" }.'),
  },
)
