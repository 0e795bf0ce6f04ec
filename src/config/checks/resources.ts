import { isLoopback, parseAddress } from '../address.ts'
import { signsInPeople } from '../people-settings.ts'
import type { Document } from '../schema/document.ts'
import type { Finding, Path } from '../source.ts'
import { type Check, doubtful, inconsistent, repeated } from './check.ts'

const impossible = (path: readonly (string | number)[]): Finding => ({
  code: 'GS_CONFIG_WRONG_VALUE',
  path,
  message: 'This address is impossible: ports end at 65535, and IPv6 addresses stand in brackets.',
  next: 'Write for example orders.internal:5432 or "[::1]:5432".',
})

export const checkListeners: Check = function* ({ gateway, issuers }) {
  const doors = (['postgres', 'https', 'proxy', 'token', 'connectors', 'metrics', 'admin'] as const).flatMap((door) => {
    const text = gateway.listen[door]
    return text === undefined ? [] : [[door, text] as const]
  })
  for (const [at, [door, text]] of doors.entries()) {
    if (parseAddress(text) === undefined) yield impossible(['gateway', 'listen', door])
    const taken = doors.slice(0, at).some(([, other]) => other === text)
    if (taken && !text.endsWith(':0'))
      yield inconsistent(['gateway', 'listen', door], 'Two doors cannot have the same address.', `Give the ${door} door a port of its own.`)
  }
  yield* adminDoor(gateway, issuers.some(signsInPeople))
}

/** A door for people needs people, and people need a door. */
function* adminDoor({ listen, adminUrl }: Document['gateway'], people: boolean): Iterable<Finding> {
  if (listen.admin === undefined) {
    if (adminUrl !== undefined)
      yield inconsistent(['gateway', 'adminUrl'], 'There is no admin door.', 'Give gateway.listen.admin, or leave this out.')
    if (people)
      yield inconsistent(
        ['gateway', 'listen'],
        'Issuers sign in people, and there is no door for them.',
        'Write for example admin: 127.0.0.1:8445.',
      )
    return
  }
  if (!people)
    yield inconsistent(
      ['gateway', 'listen', 'admin'],
      'No issuer signs in people, so nobody could use this door.',
      'Configure an issuer with people.',
    )
  const host = adminUrl?.startsWith('http:') ? new URL(adminUrl).hostname : undefined
  if (host !== undefined && !isLoopback(host))
    yield inconsistent(['gateway', 'adminUrl'], 'Sessions of people would travel in plaintext.', 'Write https://.')
  if (listen.admin.endsWith(':0') && adminUrl === undefined)
    yield inconsistent(
      ['gateway', 'listen', 'admin'],
      'Issuers send people back to a port that is known beforehand.',
      'Give a port, or adminUrl.',
    )
}

export const checkResources: Check = function* ({ gateway, resources }) {
  const database = resources.findIndex(({ kind }) => kind === 'postgres')
  if (database !== -1 && gateway.listen.postgres === undefined)
    yield inconsistent(
      ['resources', database, 'kind'],
      'Databases are reached at the PostgreSQL door, and there is none.',
      'Write for example postgres: 0.0.0.0:5432 under gateway.listen.',
    )
  yield* proxied(resources, gateway.listen.proxy !== undefined)
  yield* repeated(
    resources.map(({ name }, index) => [['resources', index, 'name'], name]),
    'resource',
  )
  const own = new Set((gateway.tls.names ?? []).map((name) => name.toLowerCase()))
  const hosts = new Map<string, string>()
  const aliases = new Map<string, string>()
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'egress') continue
    for (const [at, host] of (resource.hosts ?? []).entries()) {
      const path = ['resources', index, 'hosts', at]
      if (own.has(host.toLowerCase()))
        yield inconsistent(path, "This is the gateway's own name, which selects nothing.", 'Give the resource a name of its own.')
      yield* taken(hosts, host.toLowerCase(), resource.name, path)
    }
    if (resource.kind === 'postgres') {
      for (const [at, alias] of (resource.aliases ?? []).entries())
        yield* taken(aliases, alias, resource.name, ['resources', index, 'aliases', at])
      yield* postgresTarget(resource, index)
    }
  }
}

/** What goes through the forward proxy needs one, what is intercepted has names, and each name and port leads to one resource. */
function* proxied(resources: Document['resources'], proxy: boolean): Iterable<Finding> {
  const owners = new Map<string, string>()
  for (const [index, resource] of resources.entries()) {
    if (resource.kind === 'postgres' || resource.kind === 'kubernetes') continue
    const field = resource.kind === 'egress' ? 'kind' : 'intercept'
    if (resource.kind !== 'egress' && !resource.intercept) continue
    const path = ['resources', index, field]
    if (!proxy)
      yield inconsistent(
        path,
        'This goes through the forward proxy, and there is none.',
        'Write for example proxy: 0.0.0.0:3128 under gateway.listen.',
      )
    if (resource.kind !== 'egress' && resource.hosts === undefined)
      yield inconsistent(path, 'It is not said which names are intercepted.', 'Give hosts, for example hosts: [api.openai.com].')
    for (const [at, host] of (resource.hosts ?? []).entries())
      yield* taken(owners, withPort(host), resource.name, ['resources', index, 'hosts', at])
  }
}

/** As the proxy compares it: 443 where no port is said. */
const withPort = (host: string) => (host.includes(':') ? host.replace('/plain', '') : `${host}:443`).toLowerCase()

function* taken(owners: Map<string, string>, key: string, owner: string, path: readonly (string | number)[]): Iterable<Finding> {
  const other = owners.get(key)
  if (other !== undefined) yield inconsistent(path, `This already selects ${other}.`, 'Let each name select one resource.')
  owners.set(key, owner)
}

/** TLS to the target ends in the gateway, whoever carries it there. */
export const readableAtConnector = (path: Path, next: string): Finding =>
  inconsistent(path, 'The connector, and all between it and this target, could read and change everything.', next)

type Resource = Document['resources'][number]

function* postgresTarget({ address: text, via, tls }: Extract<Resource, { kind: 'postgres' }>, index: number): Iterable<Finding> {
  const address = parseAddress(text)
  if (address === undefined || address.port === 0) {
    yield impossible(['resources', index, 'address'])
    return
  }
  if (tls?.verify === 'off' && via !== undefined)
    yield readableAtConnector(
      ['resources', index, 'tls', 'verify'],
      'Use verify: full; the certificate may be of a CA of your own (tls.ca).',
    )
  else if (tls?.verify === 'off' && !isLoopback(address.host)) {
    yield doubtful(
      ['resources', index, 'tls', 'verify'],
      'Everything between the gateway and this target is readable on the network.',
      'Use verify: full where the target has a certificate.',
    )
  }
}
