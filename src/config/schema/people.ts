import { z } from 'zod'
import { accept } from './claims.ts'
import { complaint, flag, issuerName, secret, several, template } from './values.ts'

const clientId = z
  .string({ error: complaint("The gateway's own client id at this issuer is needed.", 'Write for example clientId: 0oa1b2c3.') })
  .regex(/^[\x21-\x7e]{1,200}$/, { error: complaint('This is no client id.', 'Write for example clientId: 0oa1b2c3.') })
  .meta({ description: "The gateway's own client id at the issuer", examples: ['0oa1b2c3'] })
const registration = {
  clientId,
  clientSecret: secret.optional().meta({ description: 'A reference; left out for a public client' }),
  secretIn: z
    .enum(['body', 'header'], { error: complaint('This must be body or header.', 'Write for example secretIn: header.') })
    .optional()
    .meta({ description: 'How the secret travels; default: in the body where the issuer takes it so' }),
}
const word = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, {
  error: complaint('This is no scope.', 'Write each as one word, for example [openid, profile, email].'),
})

export const people = z
  .strictObject({
    ...registration,
    device: z.strictObject(registration).optional().meta({ description: 'Another registration for the device flow of gatescribe login' }),
    scopes: several(word, 'openid, profile, email, groups').optional().meta({ description: 'Default openid, profile, email' }),
    accept: accept.optional().meta({ description: 'Claims that must match: exactly, or with * for one segment' }),
    groups: z
      .union([template, several(template, '"{groups}"')], {
        error: complaint('This must be a template over claims, or a list of them.', 'Write for example groups: "{groups}".'),
      })
      .optional()
      .meta({
        description: 'Template over a claim that lists groups, or over claims that make one; a group is <name>/<name of the group>',
      }),
    displayName: template.optional().meta({ description: 'Template for the name that others see' }),
    link: z
      .record(issuerName, template, {
        error: complaint('This must map issuers to templates.', 'Write for example link: { github: "{github_id}" }.'),
      })
      .optional()
      .meta({ description: "Other issuer → template for the same person's account there" }),
    userinfo: flag.optional().meta({ description: 'Asks the UserInfo endpoint for claims that the ID token lacks; default false' }),
  })
  .meta({ description: 'How people sign in at this issuer' })
