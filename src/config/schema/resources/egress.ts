import { z } from 'zod'
import { complaint, flag, name, several } from '../values.ts'

/** A name, or `*.` and a name; then ports, 443 where none is said. `:plain` behind a port is for what is not TLS. */
const host = z
  .string({ error: complaint('This must be a host, perhaps with a port.', 'Write for example api.github.com, or "*.example.org:8443".') })
  .regex(/^(?=.{1,261}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*(:[1-9][0-9]{0,4}(\/plain)?)?$/, {
    error: complaint(
      'This must be a host by its name, perhaps with a port.',
      'Write for example api.github.com, "*.example.org", or "git.internal:22/plain" for what is not TLS.',
    ),
  })
  .refine((value) => Number(/:(\d+)/.exec(value)?.[1] ?? 443) <= 65_535, {
    error: complaint('Ports end at 65535.', 'Write for example api.github.com:443.'),
  })
  .meta({ description: 'A name, or *. and a name for one label more; the port is 443 where none is said', examples: ['api.github.com'] })

export const egressResource = z
  .strictObject({
    name,
    kind: z.literal('egress'),
    hosts: several(host, 'api.github.com').meta({ description: 'What may be reached through the forward proxy, as it is' }),
    private: flag
      .optional()
      .meta({ description: 'Whether its names may stand for private, loopback or link-local addresses; default false' }),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'Hosts that are reached through the forward proxy, without a credential of the gateway' })
