import { z } from 'zod'
import { signingAlgorithms } from '../../identity/settings.ts'
import { accept, claim } from './claims.ts'
import { people } from './people.ts'
import { complaint, flag, issuerName, several, template, url } from './values.ts'

const run = z
  .strictObject({
    id: several(template, '"{repository_id}", "{run_id}", "{run_attempt}"').meta({ description: 'Together they name the run' }),
    repository: template.optional(),
    workflow: template.optional(),
    commit: template.optional(),
    attempt: template.optional(),
    launcher: template.optional(),
    rerunner: template.optional(),
    author: template.optional(),
    url: template.optional(),
  })
  .meta({ description: 'Templates over claims that say what run a token belongs to' })

const algorithms = several(
  z.enum(signingAlgorithms, {
    error: complaint('This is no signature algorithm that is accepted.', `Write one of ${signingAlgorithms.join(', ')}.`),
  }),
  'RS256',
)
const insecureLoopback = flag.optional().meta({ description: 'Allows http for an issuer on a loopback address; default false' })

const jobIssuer = z
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
    insecureLoopback,
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
    algorithms: algorithms.optional(),
    types: several(z.string().min(1), 'JWT').optional().meta({ description: 'Accepted typ headers; default JWT' }),
    accept: accept.meta({ description: 'Claims that must match: exactly, or with * for one segment. Never sub' }),
    immutable: several(claim, 'tenant_id')
      .optional()
      .meta({ description: 'Claims in accept whose value the issuer never gives to another owner' }),
    groups: several(template, '"repo:{repository}"')
      .optional()
      .meta({ description: 'Templates over claims; a group is <name>/<filled template>' }),
    run,
  })
  .meta({ description: 'An OIDC issuer whose tokens prove jobs' })

const peopleIssuer = z
  .strictObject({
    name: issuerName.meta({ description: 'Groups from here are <name>/…' }),
    issuer: url.meta({ description: 'Exactly as it stands in the claim iss' }),
    insecureLoopback,
    algorithms: algorithms.optional(),
    people,
  })
  .meta({ description: 'An OIDC issuer that signs in people' })

export const issuer = z.union([jobIssuer, peopleIssuer])
