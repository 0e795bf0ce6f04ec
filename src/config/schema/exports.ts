import { z } from 'zod'
import { complaint, flag, material, name, secret, secretHeaders, several, url } from './values.ts'

const entryKind = z
  .string()
  .regex(/^[a-z]{1,32}(\.[a-z-]{1,32}){0,2}(\.\*)?$/, {
    error: complaint('This must be a kind of entry.', 'Write for example operation.intent, or operation.* for all of one kind.'),
  })
  .meta({ description: 'A kind of entry of the trail, or all that begin alike', examples: ['operation.*'] })

const decision = z.enum(['allow', 'ask', 'deny'], {
  error: complaint('This must be allow, ask or deny.', 'Write for example decisions: [deny].'),
})

const filter = z
  .strictObject({
    kinds: several(entryKind, 'operation.*').optional().meta({ description: 'Only entries of these kinds' }),
    resources: several(name, 'orders-db').optional().meta({ description: 'Only what is about these resources' }),
    decisions: several(decision, 'deny').optional().meta({ description: 'Only what was decided so' }),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: complaint('This filter is empty.', 'Say what is sent, or leave it out: then everything is.'),
  })
  .meta({ description: 'What is sent: what passes each field that is here; left out: everything' })

/** One receiver of the trail. */
export const trailExport = z
  .strictObject({
    name: name.meta({ description: 'What its cursor is kept under' }),
    kind: z
      .enum(['ocsf', 'otlp', 'webhook'], { error: complaint('This must be ocsf, otlp or webhook.', 'Write for example kind: ocsf.') })
      .meta({ description: 'The form: OCSF 1.9 events, OpenTelemetry log records, or signed notifications' }),
    url: url.meta({ description: 'Where it is sent' }),
    headers: secretHeaders.optional(),
    ca: material.optional().meta({ description: "What the receiver's certificate is verified with instead of what the system trusts" }),
    secret: secret.optional().meta({ description: 'What notifications are signed with; of webhook, which needs one' }),
    filter: filter.optional(),
    from: z
      .enum(['start', 'now'], { error: complaint('This must be start or now.', 'Leave it out, or write from: now.') })
      .optional()
      .meta({ description: 'Where a new export begins: at the start of the log (default), or with what comes from now on' }),
    insecureLoopback: flag.optional().meta({ description: 'Accepts http on this machine; for tests, or a collector beside it' }),
  })
  .meta({ description: 'Sends entries of the trail to somebody else, each at least once and in order' })
