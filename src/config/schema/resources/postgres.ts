import { z } from 'zod'
import { covering } from '../../covered-classes.ts'
import { address, complaint, databaseName, hostName, material, name, secret, several, userName, via } from '../values.ts'
import { bothOrNeither, coveredOf, credentialsOf } from './credentials.ts'

const tls = z
  .strictObject({
    verify: z
      .enum(['full', 'off'], {
        error: complaint('This must be full or off.', 'Write verify: full (chain and host name), or verify: off for plaintext.'),
      })
      .optional()
      .meta({ description: 'full: chain and host name are verified (default); off: plaintext' }),
    ca: material.optional().meta({ description: "The CA that is trusted instead of the system's" }),
    serverName: hostName
      .optional()
      .meta({ description: 'The name that the certificate must carry, where it is not the host of the address' }),
  })
  .refine((value) => value.verify !== 'off' || (value.ca === undefined && value.serverName === undefined), {
    error: complaint(
      'With verify: off there is no TLS, so a CA or server name means nothing.',
      'Remove verify: off, or remove the others.',
    ),
  })

const credential = z
  .strictObject({
    as: name.meta({ description: 'What the trail calls it' }),
    user: userName,
    for: coveredOf(covering('postgres'), 'postgres', 'postgres.read'),
    password: secret.optional(),
    certificate: material.optional().meta({ description: 'Client certificate' }),
    key: secret.optional().meta({ description: "The client certificate's key" }),
  })
  .refine(...bothOrNeither)

export const postgresResource = z
  .strictObject({
    name,
    kind: z.literal('postgres'),
    address,
    via: via.optional(),
    hosts: several(hostName, 'orders.internal').optional().meta({ description: 'TLS server names that select it' }),
    aliases: several(databaseName, 'orders-prod').optional().meta({ description: 'Database names that select it' }),
    databases: z
      .record(databaseName, databaseName, {
        error: complaint(
          "This must map the client's database names to the target's.",
          'Write for example databases: { orders-prod: orders }.',
        ),
      })
      .optional()
      .meta({ description: "The client's database name to the target's" }),
    tls: tls.optional(),
    credentials: credentialsOf(credential, '{ as: reader, user: gatescribe_ro, password: "secret:orders-ro" }'),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'A PostgreSQL target' })
