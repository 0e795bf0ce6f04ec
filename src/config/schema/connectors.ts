import { z } from 'zod'
import { accept, claim } from './claims.ts'
import { complaint, issuerName, name, several } from './values.ts'

const workload = z
  .strictObject({
    issuer: issuerName.meta({ description: 'An issuer whose tokens prove jobs, by its name' }),
    audience: z
      .string()
      .regex(/^[^\p{Cc}]{1,500}$/u, {
        error: complaint('This is no audience.', 'Write for example audience: https://gw.example.org/connectors.'),
      })
      .optional()
      .meta({ description: "What such a token must be made for; default the issuer's own audience" }),
    accept: accept.meta({ description: 'Claims that must match instead of those of the issuer. Never sub' }),
    immutable: several(claim, 'tenant_id')
      .optional()
      .meta({ description: 'Claims in accept whose value the issuer never gives to another owner; default as for the issuer' }),
  })
  .meta({ description: 'Whose tokens enrol a connector of this name; left out: only enrolment tokens do' })

/** A name that connectors answer to. */
export const connector = z
  .strictObject({
    name: name.meta({ description: 'What resources have in via' }),
    workload: workload.optional(),
  })
  .meta({ description: 'Connectors beside private targets: each of this name reaches the same' })
