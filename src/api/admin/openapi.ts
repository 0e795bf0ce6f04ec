import swagger from '@fastify/swagger'
import { z } from 'zod'
import type { LocalApi } from '../local/local-api.ts'
import { problemSchema } from '../local/schemas.ts'
import { rolesThatMay } from './role-permissions.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** Describes the API from the routes themselves, at /openapi.json. Pages for browsers are not part of it. */
export async function describeApi(server: LocalApi, version: string): Promise<void> {
  await server.register(swagger as never, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Gatescribe', version, description: 'Runs, sessions, approvals and the trail of a Gatescribe gateway.' },
      components: {
        securitySchemes: { person: { type: 'http', scheme: 'bearer', description: 'The token that gatescribe login keeps.' } },
      },
    },
    transform: ({ schema, url, route }: Transformed) => {
      const permission = route.config?.permission ?? 'anybody'
      const { body, querystring, params, response } = (schema ?? {}) as Partial<Record<string, unknown>>
      return {
        url,
        schema: {
          hide: !url.startsWith('/v1/'),
          ...(body !== undefined && { body: jsonSchema(body, 'input') }),
          ...(querystring !== undefined && { querystring: jsonSchema(querystring, 'input') }),
          ...(params !== undefined && { params: jsonSchema(params, 'input') }),
          description: `Permission: ${permission}.${permission === 'anybody' ? '' : ` Roles: ${rolesThatMay(permission).join(', ')}.`}`,
          security: permission === 'anybody' ? [] : [{ person: [] }],
          response: { ...responses(response), '4xx': { description: 'Refused.', ...jsonSchema(problemSchema, 'output') } },
        },
      }
    },
  })
  server.get('/openapi.json', { config: { permission: 'anybody' } }, async () => (server as unknown as { swagger(): unknown }).swagger())
}

interface Transformed {
  readonly schema: unknown
  readonly url: string
  readonly route: { readonly config?: { readonly permission?: Parameters<typeof rolesThatMay>[0] } }
}

function responses(response: unknown): Record<string, JsonSchema> {
  const given = Object.entries((response ?? {}) as Record<string, unknown>)
  if (given.length === 0) return { 200: { description: 'As docs/api.md describes it.' } }
  return Object.fromEntries(given.map(([status, schema]) => [status, { description: 'Done.', ...jsonSchema(schema, 'output') }]))
}

function jsonSchema(schema: unknown, io: 'input' | 'output'): JsonSchema {
  if (!(schema instanceof z.ZodType)) return {}
  // A pattern or refinement has no JSON form everywhere; the types have.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return rest
}
