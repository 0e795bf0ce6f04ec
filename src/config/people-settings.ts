import { parseReference, type Reference } from '../credentials/index.ts'
import type { ClientRegistration, PeopleIssuerSettings, RoleSettings } from '../identity/people/index.ts'
import { present } from './present.ts'
import type { Document } from './schema/document.ts'

type Issuer = Document['issuers'][number]
export type PeopleIssuer = Extract<Issuer, { people: unknown }>
export type JobIssuer = Exclude<Issuer, PeopleIssuer>

/** An issuer signs in people or proves jobs, never both: a claim of a job cannot come to stand for a person. */
export const signsInPeople = (issuer: Issuer): issuer is PeopleIssuer => 'people' in issuer
export const provesJobs = (issuer: Issuer): issuer is JobIssuer => !('people' in issuer)

/** An issuer of people as identity wants it. @param folder what relative paths start from */
export function peopleSettings({ name, issuer, insecureLoopback, algorithms, people }: PeopleIssuer, folder: string): PeopleIssuerSettings {
  const { groups = [], link = {}, device, clientId, clientSecret, secretIn, ...rest } = people
  return {
    name,
    issuer,
    ...present({ insecureLoopback, algorithms }),
    ...registration({ clientId, clientSecret, secretIn }, folder),
    ...(device && { device: registration(device, folder) }),
    groups: [groups].flat(),
    link,
    ...present(rest),
  }
}

/** Whose persons hold which role. */
export function roleSettings(roles: NonNullable<Document['roles']> = {}): RoleSettings {
  return present(roles)
}

function registration(
  { clientId, clientSecret, secretIn }: NonNullable<PeopleIssuer['people']['device']>,
  folder: string,
): ClientRegistration {
  return {
    clientId,
    ...(clientSecret !== undefined && { clientSecret: reference(clientSecret, folder) }),
    ...(secretIn !== undefined && { secretIn }),
  }
}

function reference(text: string, folder: string): Reference {
  const parsed = parseReference(text, folder)
  if (parsed === undefined) throw new TypeError('a reference that the schema let through')
  return parsed
}
