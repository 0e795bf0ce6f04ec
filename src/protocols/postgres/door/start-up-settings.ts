import { DoorError } from './errors.ts'
import { splitOptions } from './split-options.ts'

/** What a start-up packet says, taken apart. Everything here is a claim until the log-in is over. */
export interface StartUp {
  readonly user: string
  /** As PostgreSQL has it: the user's name where it is absent or empty. */
  readonly database: string
  /** `gatescribe.token`: a credential. */
  readonly token: string | undefined
  /** `gatescribe.resource` */
  readonly resource: string | undefined
  /** What may be passed on to the target. */
  readonly settings: ReadonlyMap<string, string>
}

/** Settings that change how values look, how long things may take or how they are planned and isolated, but not what a statement means or may do. */
export const PASSED_SETTINGS: readonly string[] = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'TimeZone',
  'IntervalStyle',
  'extra_float_digits',
  'bytea_output',
  'statement_timeout',
  'lock_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'default_transaction_isolation',
  // libpq sends the first (PGGEQO), asyncpg’s and SQLAlchemy’s pages advise to switch off the second.
  'geqo',
  'jit',
]

/** Settings that pass with these values only: they ask for no less protection than there is without them. */
export const PASSED_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ['default_transaction_read_only', ['on', 'true', 'yes', '1']],
  ['standard_conforming_strings', ['on', 'true', 'yes', '1']],
  // Below these the server tells of itself while it starts the session, before anybody has asked it anything.
  ['client_min_messages', ['notice', 'warning', 'error']],
])

/** How the credentials of every door begin: see identity/credential.ts. */
const OUR_CREDENTIAL = /gs_(run|pg|ps)_[0-9a-z]/

const canonical = new Map([...PASSED_SETTINGS, ...PASSED_VALUES.keys()].map((name) => [name.toLowerCase(), name]))

/**
 * Judges the parameters of a start-up packet. Settings in `options` come first, as in PostgreSQL: a parameter of its own wins.
 * @throws DoorError
 */
export function readStartUp(parameters: ReadonlyMap<string, string>): StartUp {
  const user = parameters.get('user') ?? ''
  if (user === '') throw new DoorError('GS_POSTGRES_USER_MISSING')
  const ours = new Map<string, string>()
  const settings = new Map<string, string>()
  for (const [name, value] of [...splitOptions(parameters.get('options') ?? ''), ...ownParameters(parameters)]) {
    const lower = name.toLowerCase()
    if (lower.startsWith('gatescribe.')) keepOurs(ours, lower, value)
    else settings.set(passed(name, value), value)
  }
  const database = parameters.get('database') || user
  // All of these are recorded as the client's claims, and shown to operators; some go on to the target.
  if ([user, database, ...settings.values()].some((text) => OUR_CREDENTIAL.test(text)))
    throw new DoorError('GS_POSTGRES_CREDENTIAL_MISPLACED')
  return {
    user,
    database,
    token: ours.get('gatescribe.token'),
    resource: ours.get('gatescribe.resource'),
    settings,
  }
}

function* ownParameters(parameters: ReadonlyMap<string, string>): Iterable<[string, string]> {
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database' || name === 'options') continue
    if (name === 'replication') {
      if (!/^(false|off|no|0)$/i.test(value)) throw new DoorError('GS_POSTGRES_REPLICATION_REFUSED')
      continue
    }
    yield [name, value]
  }
}

/** Ours are taken out here and go no further. Two different values are two different wishes. */
function keepOurs(ours: Map<string, string>, name: string, value: string): void {
  if (name !== 'gatescribe.token' && name !== 'gatescribe.resource') throw refused(name)
  if (ours.has(name)) throw new DoorError('GS_POSTGRES_SETTING_REFUSED', `The start-up setting "${name}" is given twice.`)
  ours.set(name, value)
}

function passed(name: string, value: string): string {
  const known = canonical.get(name.toLowerCase())
  if (known === undefined) throw refused(name)
  const values = PASSED_VALUES.get(known)
  if (values && !values.includes(value.toLowerCase())) throw refused(name, `passed on by this gateway only as ${values[0]}`)
  return known
}

function refused(name: string, why = 'not passed on by this gateway'): DoorError {
  // Said back to whoever sent it, in one short line.
  const quoted = name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 63)
  return new DoorError('GS_POSTGRES_SETTING_REFUSED', `The start-up setting "${quoted}" is ${why}.`)
}
