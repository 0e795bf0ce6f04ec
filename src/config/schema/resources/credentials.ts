import { z } from 'zod'
import { complaint, several } from '../values.ts'

/** `for` of a credential. @param items what may stand there */
export function coveredOf(items: readonly string[], kind: string, example: string) {
  const covered = z.enum(items, {
    error: complaint(`This must be ${kind}.* or a class of effects.`, `Write one of ${items.join(', ')}.`),
  })
  return several(covered, example).optional().meta({
    description: 'Classes of effects that it is for: it opens the sessions of which the rules could permit no others. All by default',
  })
}

/** @param example one of them, as it would be written */
export function credentialsOf<Credential extends z.ZodType>(credential: Credential, example: string) {
  const next = `Write for example credentials: [ ${example} ].`
  return z
    .array(credential, { error: complaint('This must be a list of credentials.', next) })
    .min(1, { error: complaint('A resource needs a credential.', next) })
    .meta({ description: 'The first that is for everything that the rules could permit a run opens its session' })
}

type Certified = { readonly certificate?: string | undefined; readonly key?: string | undefined }

/** Arguments of `refine`. */
export const bothOrNeither = [
  (value: Certified) => (value.certificate === undefined) === (value.key === undefined),
  { error: complaint('A client certificate needs its key, and a key its certificate.', 'Give both or neither.') },
] as const

/** Arguments of `refine`: a credential opens its target in one way. @param ways the field that each begins with */
export function exactlyOne(ways: readonly string[]) {
  const has = (value: object) => ways.filter((way) => (value as Readonly<Record<string, unknown>>)[way] !== undefined).length === 1
  const error = complaint(
    'A credential opens its resource in exactly one way.',
    `Give one of ${ways.join(', ')} (a certificate with its key).`,
  )
  return [has, { error }] as const
}
