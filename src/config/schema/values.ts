import { z } from 'zod'
import type { ConfigErrorCode } from '../errors.ts'
import { bytes } from '../size.ts'

/** What a schema says of a wrong value: travels through zod's message and is taken apart again by `explain`. */
export function complaint(message: string, next: string, code: ConfigErrorCode = 'GS_CONFIG_WRONG_VALUE'): string {
  return JSON.stringify({ code, message, next })
}

/** A string of one form. `what` finishes "This must be …"; `example` is shown where it is not. */
function text(pattern: RegExp, what: string, example: string) {
  const error = complaint(`This must be ${what}.`, `Write for example ${example}.`)
  return z
    .string({ error })
    .regex(pattern, { error })
    .meta({ description: capital(what), examples: [example] })
}

const capital = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1)

export const name = text(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'a name of lower-case letters, digits, ".", "_" and "-" (at most 63)', 'orders-db')
export const issuerName = text(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a name of lower-case letters, digits and "-" (at most 32)', 'github')
export const origin = text(
  /^[a-z0-9][a-z0-9.-]*(\/[a-z0-9._-]+)*$/,
  'an origin: a host name that you own and a path, without a scheme',
  'example.org/prod',
)
export const duration = text(/^[1-9][0-9]{0,8}(ms|s|m|h|d)$/, 'a duration: a whole number with ms, s, m, h or d', '30s')
export const sizeOf = text(/^[1-9][0-9]{0,8}(B|KiB|MiB|GiB|TiB)$/, 'a size: a whole number with B, KiB, MiB, GiB or TiB', '100MiB').refine(
  (value) => !(bytes(value) > Number.MAX_SAFE_INTEGER),
  { error: complaint('This size is too large.', 'Write for example 100MiB.') },
)
export const count = z
  .int({ error: complaint('This must be a whole number.', 'Write for example 10000.') })
  .min(1, { error: complaint('This must be at least 1.', 'Write for example 10000, or leave it out.') })
  .meta({ description: 'A whole number', examples: [10000] })
export const retention = text(/^[1-9][0-9]{0,4}(d|mo)$/, 'how long: a whole number with d (days) or mo (months)', '13mo')
export const address = text(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/, 'a host and a port', 'orders.internal:5432')
export const httpAddress = text(
  /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)*\/?$/,
  'an address: https, a host, perhaps a port and a path',
  'https://10.0.0.1:6443',
)
export const commandPath = text(/^\/[^\p{Cc}]{1,4095}$/u, 'the absolute path of a program', '/usr/local/bin/aws')
export const privateFile = text(/^[^\p{Cc}]{1,4096}$/u, "a file, absolute or relative to this one's folder", './kubeconfig')
export const hostName = text(
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/,
  'a host name without a scheme, port or wildcard',
  'gw.example.org',
)
export const databaseName = text(/^[^\p{Cc}]{1,63}$/u, 'a database name of at most 63 characters', 'orders')
export const url = text(/^https?:\/\/[^\s#?@]+$/, 'a URL without user, query or fragment', 'https://token.actions.githubusercontent.com')
export const adminUrl = text(
  /^https?:\/\/[A-Za-z0-9._-]+(:[0-9]{1,5})?$/,
  'a URL of a scheme, a host and perhaps a port',
  'https://gw.example.org:8445',
)
export const sentence = text(/^[^\p{Cc}]{1,500}$/u, 'one line of at most 500 characters', 'Add a WHERE clause that limits the rows.')
export const template = text(/^([^{}\p{Cc}]|\{[^{}\p{Cc}]+\})+$/u, 'a template over claims, each in braces', '"repo:{repository}"')
export const group = text(/^[a-z0-9][a-z0-9-]{0,31}\/[^\p{Cc}]+$/u, 'a group as issuer/name', 'github/repo:acme/reports')
export const moment = text(
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/,
  'a moment with its time zone',
  '2026-12-01T06:00:00Z',
).refine((value) => !Number.isNaN(Date.parse(value)), {
  error: complaint('This day or time does not exist.', 'Write for example 2026-12-01T06:00:00Z.'),
})
export const userName = text(/^[^\p{Cc}]{1,63}$/u, "the target's own user name", 'gatescribe_ro')
export const folder = text(/^[^\p{Cc}]+$/u, "a folder, absolute or relative to this file's", './data')

export const flag = z.boolean({ error: complaint('This must be true or false.', 'Write true or false without quotes.') })

/** At least one, none twice. */
export function several<Item extends z.ZodType>(item: Item, example: string) {
  return z
    .array(item, { error: complaint('This must be a list.', `Write for example [${example}].`) })
    .min(1, { error: complaint('This list is empty.', 'Name at least one, or leave the field out.') })
    .refine((items) => new Set(items).size === items.length, {
      error: complaint('The same value stands here twice.', 'Keep one of the two.'),
    })
}

const fromEnv = 'env:[A-Za-z_][A-Za-z0-9_]*'
const fromFile = 'file:[^\\s\\p{Cc}][^\\p{Cc}]*'
const fromCommand = 'command:/[^\\p{Cc}]+'
const fromStore = 'secret:[a-z0-9][a-z0-9._-]{0,62}'

function reference(forms: readonly string[], error: string, description: string, example: string) {
  return z
    .string({ error })
    .regex(new RegExp(`^(${forms.join('|')})$`, 'u'), { error })
    .meta({ description, examples: [example] })
}

/** A secret, said by where it stands. What stands here literally is never repeated in an error. */
export const secret = reference(
  [fromEnv, fromFile, fromCommand, fromStore],
  complaint(
    'A secret must not stand in the configuration.',
    'Write a reference: secret:NAME (then run: gatescribe secret set NAME), env:NAME, file:./path or "command:/absolute/path argument".',
    'GS_CONFIG_LITERAL_SECRET',
  ),
  'A reference to a secret',
  'secret:orders-ro',
)

/** The key of the sealed store cannot stand in the sealed store. */
export const masterKey = reference(
  [fromEnv, fromFile, fromCommand],
  complaint(
    'The master key must be a reference, and cannot stand in the store that it opens.',
    'Write file:./master.key, env:NAME or "command:/absolute/path argument".',
    'GS_CONFIG_LITERAL_SECRET',
  ),
  'A reference to the master key: 32 bytes as base64 or hex',
  'file:./master.key',
)

/** PEM that is no secret. */
export const material = reference(
  [fromEnv, fromFile],
  complaint('This must be a reference to a PEM certificate.', 'Write for example file:./ca.pem.'),
  'A reference to a PEM certificate',
  'file:./ca.pem',
)

/** RFC 9110 §5.1, in lower case. Those are refused that the gateway writes itself, or that end at each hop. */
export const headerName = z
  .string({ error: complaint('This must be the name of a header.', 'Write for example name: x-api-key.') })
  .regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/, {
    error: complaint('This must be the name of a header in lower case.', 'Write for example name: x-api-key.'),
  })
  .refine((value) => !OURS.test(value), {
    error: complaint('This header is written by the gateway itself.', 'Use bearer or basic, or the header that the target documents.'),
  })
  .meta({ description: 'The name of a header, in lower case', examples: ['x-api-key'] })

const OURS =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-.*|expect|forwarded|x-forwarded-.*|cookie|impersonate-.*|x-remote-.*|sec-.*)$/

/** Headers that a receiver wants beside what it is sent; what is told apart from a token is not worth a second form. */
export const secretHeaders = z
  .record(headerName, secret, {
    error: complaint('This must map headers to references.', 'Write for example headers: { authorization: "secret:collector" }.'),
  })
  .refine((value) => Object.keys(value).length <= 16, { error: complaint('These are more headers than 16.', 'Leave some of them out.') })
  .meta({ description: 'Header in lower case → a reference to its whole value, such as Bearer and a token' })

export const via = name.meta({
  description: 'The connector behind which it is, by its name in connectors; left out: the gateway reaches it itself',
})
