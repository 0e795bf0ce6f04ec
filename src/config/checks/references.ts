import type { Path } from '../source.ts'
import { type Check, doubtful } from './check.ts'

/** A reference is resolved when it is used; that it cannot be is worth knowing before. */
export const checkEnvironment: Check = function* (document, { env }) {
  for (const [path, text] of strings(document)) {
    if (!isSecretField(path) || !text.startsWith('env:')) continue
    const name = text.slice('env:'.length)
    if (env[name] === undefined || env[name] === '') {
      yield doubtful(path, `The environment variable ${name} is not set here.`, 'Set it for the gateway, or correct its name.')
    }
  }
}

const secretFields = new Set([
  'masterKey',
  'password',
  'clientSecret',
  'secret',
  'token',
  'signingSecret',
  'key',
  'certificate',
  'ca',
  'bearer',
  'value',
])

/** Headers are called as their receiver wants. */
const isSecretField = (path: Path) => secretFields.has(String(path.at(-1))) || path.at(-2) === 'headers'

function* strings(value: unknown, path: Path = []): Iterable<readonly [Path, string]> {
  if (typeof value === 'string') yield [path, value]
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* strings(item, [...path, index])
  else if (value !== null && typeof value === 'object')
    for (const [key, item] of Object.entries(value)) yield* strings(item, [...path, key])
}
