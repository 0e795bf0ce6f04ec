import { z } from 'zod'
import { covering } from '../../covered-classes.ts'
import { complaint, flag, headerName, hostName, httpAddress, material, name, secret, several, userName, via } from '../values.ts'
import { bothOrNeither, coveredOf, credentialsOf, exactlyOne } from './credentials.ts'
import { jobVariables } from './job-variables.ts'

/** Of every target in HTTP: whether there is TLS is said by its address. */
export const httpTls = z.strictObject({
  verify: z
    .literal('full', {
      error: complaint(
        'A target at https is always verified.',
        'Remove this, and give ca where the system does not trust it; plaintext is only for loopback: address: http://127.0.0.1:8001.',
      ),
    })
    .optional()
    .meta({ description: 'Chain and host name are verified' }),
  ca: material.optional().meta({ description: "The CA that is trusted instead of the system's" }),
  serverName: hostName
    .optional()
    .meta({ description: 'The name that the certificate must carry, where it is not the host of the address' }),
})

export const httpHosts = several(hostName, 'tickets.internal').optional().meta({
  description: 'Names in Host, with the TLS server name, that select it; without one it is at /r/<name>/ of the gateway',
})

/** The ways in which a target in HTTP is opened, whatever is spoken there. */
export const openings = {
  bearer: secret.optional().meta({ description: 'Sent as Authorization: Bearer' }),
  basic: z.strictObject({ user: userName, password: secret }).optional().meta({ description: 'Sent as Authorization: Basic' }),
  header: z.strictObject({ name: headerName, value: secret }).optional().meta({ description: 'Sent as a header of the target\u2019s own' }),
  certificate: material.optional().meta({ description: 'Client certificate' }),
  key: secret.optional().meta({ description: "The client certificate's key" }),
  none: z
    .literal(true, { error: complaint('This must be true.', 'Write none: true, or leave it out.') })
    .optional()
    .meta({ description: 'The target asks for no credential' }),
}
export const WAYS = ['bearer', 'basic', 'header', 'certificate', 'none'] as const

const credential = z
  .strictObject({
    as: name.meta({ description: 'What the trail calls it' }),
    for: coveredOf(covering('http'), 'http', 'http.get'),
    ...openings,
  })
  .refine(...bothOrNeither)
  .refine(...exactlyOne(WAYS))

export const intercept = flag.optional().meta({
  description: 'Whether what is sent to its hosts through the forward proxy is answered here, under the interception CA; default false',
})

export const httpResource = z
  .strictObject({
    name,
    kind: z.literal('http'),
    address: httpAddress,
    via: via.optional(),
    hosts: httpHosts,
    intercept,
    tls: httpTls.optional(),
    credentials: credentialsOf(credential, '{ as: agent, bearer: "secret:tickets" }'),
    env: jobVariables.optional(),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'A target in HTTP' })
