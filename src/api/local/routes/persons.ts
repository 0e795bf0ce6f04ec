import { z } from 'zod'
import type { LocalApi } from '../local-api.ts'
import type { RevokedPerson } from '../person-operator.ts'
import { personRevokedSchema, restorePersonSchema, revokedPersonSchema, revokePersonSchema } from '../person-schemas.ts'

/** Whom this gateway lets in. */
export function personRoutes(api: LocalApi): void {
  const config = { permission: 'people.revoke' } as const

  api.get('/v1/persons/revoked', { config, schema: { response: { 200: z.array(revokedPersonSchema) } } }, async ({ operator }) =>
    (await operator.revokedPersons()).map(answer),
  )

  api.post(
    '/v1/persons/revoke',
    { config, schema: { body: revokePersonSchema, response: { 200: personRevokedSchema } } },
    async ({ operator, body: { reason, ...person } }) => answer(await operator.revokePerson(person, reason)),
  )

  api.post(
    '/v1/persons/restore',
    { config, schema: { body: restorePersonSchema, response: { 200: revokedPersonSchema } } },
    async ({ operator, body: { reason, ...person } }) => answer(await operator.restorePerson(person, reason)),
  )
}

function answer<Person extends RevokedPerson>({ revokedAt, ...person }: Person) {
  return { ...person, revokedAt: new Date(revokedAt).toISOString() }
}
