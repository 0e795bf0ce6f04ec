import { z } from 'zod'
import { signingAlgorithms } from '../../identity/settings.ts'
import { complaint, flag, issuerName, several, template, url } from './values.ts'

const scalar = z.union([z.string().min(1), z.int(), z.boolean()], {
  error: complaint(
    'A claim is compared with a string, a whole number, true or false.',
    'Write for example "1234567"; quotes make it a string.',
  ),
})
const claim = z.string().regex(/^[^\p{Cc}]{1,200}$/u, { error: complaint('This is no claim.', 'Write the name of a claim.') })

const accept = z
  .record(
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
  .meta({ description: 'Claims that must match: exactly, or with * for one segment. Never sub' })

const run = z
  .strictObject({
    id: several(template, '"{repository_id}", "{run_id}", "{run_attempt}"').meta({ description: 'Together they name the run' }),
    repository: template.optional(),
    workflow: template.optional(),
    commit: template.optional(),
    attempt: template.optional(),
    launcher: template.optional(),
    url: template.optional(),
  })
  .meta({ description: 'Templates over claims that say what run a token belongs to' })

export const issuer = z
  .strictObject({
    name: issuerName.meta({ description: 'Groups from here are <name>/…' }),
    issuer: url.meta({ description: 'Exactly as it stands in the claim iss' }),
    audience: z
      .string({
        error: complaint(
          'An issuer needs the audience that its tokens are made for.',
          'Write for example audience: https://gw.example.org.',
        ),
      })
      .regex(/^[^\p{Cc}]{1,500}$/u, { error: complaint('This is no audience.', 'Write for example audience: https://gw.example.org.') })
      .meta({ description: 'Exactly as it must stand in the claim aud' }),
    insecureLoopback: flag.optional().meta({ description: 'Allows http for an issuer on a loopback address; default false' }),
    jwks: z
      .string()
      .regex(/^(https?:\/\/[^\s#@]+|file:[^\s\p{Cc}][^\p{Cc}]*)$/u, {
        error: complaint(
          'This must be the URL or the file of a JWKS.',
          'Write for example https://issuer.example.org/keys or file:./keys.json.',
        ),
      })
      .optional()
      .meta({ description: "Where the issuer's keys are; default: its own discovery document" }),
    algorithms: several(
      z.enum(signingAlgorithms, {
        error: complaint('This is no signature algorithm that is accepted.', `Write one of ${signingAlgorithms.join(', ')}.`),
      }),
      'RS256',
    ).optional(),
    types: several(z.string().min(1), 'JWT').optional().meta({ description: 'Accepted typ headers; default JWT' }),
    accept,
    immutable: several(claim, 'tenant_id')
      .optional()
      .meta({ description: 'Claims in accept whose value the issuer never gives to another owner' }),
    groups: several(template, '"repo:{repository}"')
      .optional()
      .meta({ description: 'Templates over claims; a group is <name>/<filled template>' }),
    run,
  })
  .meta({ description: 'An OIDC issuer whose tokens prove jobs' })
