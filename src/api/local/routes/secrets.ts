import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { secretAnswer } from '../answers.ts'
import { LocalError } from '../errors.ts'
import type { LocalApi } from '../local-api.ts'
import { secretNameSchema, secretSchema } from '../schemas.ts'

const params = z.object({ name: secretNameSchema })
const value = z
  .instanceof(Buffer)
  .refine((bytes) => bytes.length > 0, 'a secret is not empty')
  // It is kept as text: other bytes would be replaced without a word, and the target would refuse what is left.
  .refine(isUtf8, 'a secret is UTF-8')

export function secretRoutes(api: LocalApi): void {
  api.get(
    '/v1/secrets',
    { config: { permission: 'secrets.read' }, schema: { response: { 200: z.array(secretSchema) } } },
    async ({ operator }) => (await operator.secrets()).map(secretAnswer),
  )

  api.put(
    '/v1/secrets/:name',
    { config: { permission: 'secrets.write' }, schema: { params, body: value, response: { 200: secretSchema } } },
    async (request) => {
      try {
        return secretAnswer(await request.operator.setSecret(request.params.name, request.body))
      } finally {
        request.body.fill(0)
      }
    },
  )

  api.delete(
    '/v1/secrets/:name',
    { config: { permission: 'secrets.write' }, schema: { params, response: { 204: z.void() } } },
    async (request, reply) => {
      if (!(await request.operator.removeSecret(request.params.name)))
        throw new LocalError('GS_LOCAL_NOT_FOUND', 'There is no secret of this name.')
      return reply.code(204).send()
    },
  )
}
