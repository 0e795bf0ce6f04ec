import { z } from 'zod'
import type { LocalApi } from '../local-api.ts'
import { resourceSchema } from '../schemas.ts'

/** What can be reached, and as whom; never by what. */
export function resourceRoutes(api: LocalApi): void {
  api.get(
    '/v1/resources',
    { config: { permission: 'resources.read' }, schema: { response: { 200: z.array(resourceSchema) } } },
    async ({ operator }) => operator.resources(),
  )
}
