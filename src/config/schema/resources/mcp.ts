import { z } from 'zod'
import { covering } from '../../covered-classes.ts'
import { complaint, httpAddress, name, several, via } from '../values.ts'
import { bothOrNeither, coveredOf, credentialsOf, exactlyOne } from './credentials.ts'
import { httpHosts, httpTls, intercept, openings, WAYS } from './http.ts'
import { jobVariables } from './job-variables.ts'

const credential = z
  .strictObject({
    as: name.meta({ description: 'What the trail calls it' }),
    for: coveredOf(covering('mcp'), 'mcp', 'mcp.call'),
    ...openings,
  })
  .refine(...bothOrNeither)
  .refine(...exactlyOne(WAYS))

export const mcpResource = z
  .strictObject({
    name,
    kind: z.literal('mcp'),
    address: httpAddress.meta({ description: 'Its endpoint in streamable HTTP: https://mcp.internal/tickets' }),
    via: via.optional(),
    hosts: httpHosts,
    intercept,
    tls: httpTls.optional(),
    credentials: credentialsOf(credential, '{ as: agent, bearer: "secret:tickets" }'),
    pin: z
      .enum(['required', 'first'], { error: complaint('This must be required or first.', 'Leave it out, or write pin: first.') })
      .optional()
      .meta({
        description:
          'Whether tools are refused until an operator has pinned them (required, the default), or pinned as they are seen first',
      }),
    env: jobVariables.optional(),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'An MCP server' })
