import { z } from 'zod'
import { address, adminUrl, complaint, duration, folder, hostName, masterKey, material, name, origin, secret, several } from './values.ts'

const tls = z
  .strictObject({
    names: several(hostName, 'gw.example.org').optional(),
    certificate: material.optional(),
    key: secret.optional(),
  })
  .refine((value) => (value.certificate === undefined) === (value.key === undefined), {
    error: complaint(
      'A certificate needs its key, and a key its certificate.',
      'Give both, or only names: then the gateway mints its own.',
    ),
  })
  .refine((value) => value.names !== undefined || value.certificate !== undefined, {
    error: complaint('The gateway needs a name or a certificate.', 'Write for example tls: { names: [gw.example.org] }.'),
  })
  .meta({ description: "The gateway's own names, with a certificate and key of yours or minted by its names CA" })

export const gateway = z
  .strictObject({
    origin,
    instance: name.optional().meta({ description: "This process's name under the origin; default main" }),
    data: folder,
    durability: z
      .literal('disk', { error: complaint('This must be disk.', 'Write durability: disk.') })
      .optional()
      .meta({ description: 'What "durable" means; default disk' }),
    listen: z.strictObject({
      postgres: address.optional().meta({ description: 'Where PostgreSQL clients connect. Absent: there is no such resource' }),
      https: address
        .optional()
        .meta({ description: 'Where clients of Kubernetes and HTTP connect, with TLS. Absent: there is no such resource' }),
      proxy: address.optional().meta({ description: 'The forward proxy, with TLS, for what jobs reach besides. Absent: there is none' }),
      token: address.meta({ description: 'Where jobs exchange their tokens' }),
      connectors: address.optional().meta({ description: 'Where connectors dial in, with TLS. Absent: no resource is behind one' }),
      metrics: address.optional().meta({
        description: 'Where metrics and health are read: in plain HTTP on loopback, elsewhere with TLS and metrics.token. Absent: nowhere',
      }),
      admin: address
        .optional()
        .meta({ description: 'Where people sign in and use the API; without TLS on a loopback address. Absent: nobody can be asked' }),
    }),
    adminUrl: adminUrl.optional().meta({
      description:
        'How browsers reach the admin door; issuers send people back to it. Default: the first of tls.names, or localhost where it listens on loopback',
    }),
    tls,
    masterKey,
    drain: duration.optional().meta({ description: 'How long live sessions may finish when the gateway stops; default 30s' }),
  })
  .meta({ description: 'The gateway itself' })
