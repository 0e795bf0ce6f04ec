import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { checkServerIdentity, connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { createNamesAuthority, type KeyedCertificate, type Minted } from './index.ts'
import { canonicalNames } from './names.ts'
import { signLeaf } from './x509.ts'

const DAY_MS = 24 * 3_600_000
const NAMES = ['gw.example.org', 'Orders.Internal', '127.0.0.1', '::1']

/** Keeps what was saved, as the room that seals it would. */
function memory(stored?: KeyedCertificate) {
  const store = {
    stored,
    saves: 0,
    load: async () => store.stored,
    save: async (authority: KeyedCertificate) => {
      store.stored = authority
      store.saves += 1
    },
  }
  return store
}

const begin = (names = NAMES, store = memory(), clock = { now: Date.now() }, minted?: (minted: Minted) => void) =>
  createNamesAuthority({ names, store, now: () => clock.now, ...(minted && { minted }) })

/** With all its leaves. */
const build = async (...how: Parameters<typeof begin>) => {
  const authority = await begin(...how)
  await authority.renew()
  return authority
}

const closings: (() => void)[] = []
afterEach(() => {
  for (const close of closings.splice(0)) close()
})

/**
 * A real handshake: TLS started on an accepted socket, as for a PostgreSQL client that asked for it.
 * @param expected the name or address that the client believes it connects to
 * @param sent the server name that it sends; none for an address, as every client does
 */
async function handshake(present: (serverName?: string) => SecureContext, ca: string, expected: string, sent?: string): Promise<string> {
  const server = createServer((socket: Socket) => {
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: present(),
      SNICallback: (name, then) => then(null, present(name)),
    })
    secured.on('error', () => {})
    secured.on('secure', () => secured.end())
  })
  server.listen(0, '127.0.0.1')
  closings.push(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca,
      ...(sent && { servername: sent }),
      checkServerIdentity: (_, certificate) => checkServerIdentity(expected, certificate),
    })
    socket.on('secureConnect', () => resolve('trusted'))
    socket.on('error', (error) => resolve(error.message))
  })
}

it.each(['gw.example.org', 'orders.internal', 'ORDERS.internal'])('is trusted as %s, by server name', async (name) => {
  const { secureContext, certificate } = await build()
  expect(await handshake(secureContext, certificate, name, name)).toBe('trusted')
})

it('is trusted as an address, for which no server name is sent', async () => {
  const { secureContext, certificate } = await build()
  expect(await handshake(secureContext, certificate, '127.0.0.1')).toBe('trusted')
})

it('presents the default leaf, which is for all names, where the name is unknown, absent or nonsense', async () => {
  const { leaf, secureContext, certificate } = await build()
  for (const name of [undefined, '', 'elsewhere.example', 'fe80::1%eth0', '\0', 'a'.repeat(5000), '*.example.org', '__proto__']) {
    expect(leaf(name)).toBe(leaf())
  }
  expect(new X509Certificate(leaf().certificate).subjectAltName).toBe(
    'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:gw.example.org, DNS:orders.internal',
  )
  expect(await handshake(secureContext, certificate, 'elsewhere.example', 'elsewhere.example')).toMatch(
    /does not match certificate's altnames/,
  )
})

it('presents the default leaf until the leaf for a name is minted, so that nobody waits for it', async () => {
  const authority = await begin()
  const standingIn = authority.leaf('gw.example.org')
  expect(standingIn).toBe(authority.leaf())
  expect(await handshake(authority.secureContext, authority.certificate, 'gw.example.org', 'gw.example.org')).toBe('trusted')
  await authority.renew()
  expect(authority.leaf('gw.example.org')).not.toBe(standingIn)
})

it('names nothing but the one name in the leaf for it', async () => {
  const { leaf } = await build()
  expect(new X509Certificate(leaf('gw.example.org').certificate).subjectAltName).toBe('DNS:gw.example.org')
  expect(new X509Certificate(leaf('::1').certificate).subjectAltName).toBe('IP Address:0:0:0:0:0:0:0:1')
})

it.each([
  ['another DNS name', NAMES, 'evil.example'],
  ['another address', NAMES, '127.0.0.2'],
  ['an address, where only DNS names are configured', ['gw.example.org'], '127.0.0.1'],
  ['a DNS name, where only addresses are configured', ['127.0.0.1'], 'gw.example.org'],
])('is refused by Node for %s, even when its own key signed that', async (_, names, other) => {
  const store = memory()
  const { certificate } = await build(names, store)
  const now = Date.now()
  const rogue = await signLeaf(store.stored!, canonicalNames([other]), {
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + DAY_MS),
  })
  const context = createSecureContext({ cert: rogue.certificate, key: rogue.key })
  expect(await handshake(() => context, certificate, other)).toMatch(/(permitted|excluded) subtree violation/)
})

it('cannot make another authority', async () => {
  const { ca, raw } = new X509Certificate((await build()).certificate)
  expect(ca).toBe(true)
  // BasicConstraints, critical: CA, path length 0 (RFC 5280 §4.2.1.9).
  expect(raw.includes(Buffer.from('0603551d130101ff040830060101ff020100', 'hex'))).toBe(true)
})

it('gives the bytes that channel binding hashes', async () => {
  const { leaf } = await build()
  const { der, certificate, fingerprint } = leaf('gw.example.org')
  expect(der.equals(new X509Certificate(certificate).raw)).toBe(true)
  expect(createHash('sha256').update(der).digest('hex').toUpperCase()).toBe(fingerprint.replaceAll(':', ''))
  expect(new X509Certificate(certificate).publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
})

it('begins an hour ago and lasts 90 days', async () => {
  const clock = { now: Date.parse('2026-03-01T12:00:00Z') }
  const { leaf } = await build(NAMES, memory(), clock)
  const { validFromDate, validToDate } = new X509Certificate(leaf().certificate)
  expect(validFromDate.toISOString()).toBe('2026-03-01T11:00:00.000Z')
  expect(validToDate.getTime() - validFromDate.getTime()).toBe(90 * DAY_MS)
})

it('mints a leaf anew a month before its end, once, and says so', async () => {
  const clock = { now: Date.now() }
  const minted: Minted[] = []
  const { leaf, renew, secureContext } = await build(['gw.example.org'], memory(), clock, (made) => minted.push(made))
  const [first, context] = [leaf('gw.example.org'), secureContext('gw.example.org')]
  expect(minted.map(({ what }) => what)).toEqual(['authority', 'leaf', 'leaf'])
  clock.now += 59 * DAY_MS
  await renew()
  expect(leaf('gw.example.org')).toBe(first)
  expect(secureContext('gw.example.org')).toBe(context)
  clock.now += 1 * DAY_MS
  expect(leaf('gw.example.org')).toBe(first)
  await Promise.all([renew(), renew()])
  expect(minted).toHaveLength(5)
  expect(leaf('gw.example.org').expires).toBeGreaterThan(first.expires + 50 * DAY_MS)
  expect(secureContext('gw.example.org')).not.toBe(context)
})

it('goes on with the stored authority, and with new leaves', async () => {
  const store = memory()
  const first = await build(NAMES, store)
  const again = await build([...NAMES].reverse(), store)
  expect(again.certificate).toBe(first.certificate)
  expect([first.made, again.made, store.saves]).toEqual(['first', undefined, 1])
  expect(again.leaf().serial).not.toBe(first.leaf().serial)
})

it('makes a new authority where the names changed, and says so, because the old constraint would be wrong', async () => {
  const store = memory()
  const minted: Minted[] = []
  const first = await build(NAMES, store)
  const second = await build([...NAMES, 'more.example.org'], store, { now: Date.now() }, (made) => minted.push(made))
  expect(second.made).toBe('names-changed')
  expect(second.fingerprint).not.toBe(first.fingerprint)
  expect(minted[0]).toEqual({
    what: 'authority',
    reason: 'names-changed',
    fingerprint: second.fingerprint,
    names: ['127.0.0.1', '::1', 'gw.example.org', 'more.example.org', 'orders.internal'],
  })
  expect(await handshake(second.secureContext, first.certificate, 'gw.example.org', 'gw.example.org')).not.toBe('trusted')
})

it('makes a new authority half a year before the end of the old', async () => {
  const store = memory()
  const clock = { now: Date.now() }
  await build(NAMES, store, clock)
  clock.now += 9.4 * 365 * DAY_MS
  expect((await build(NAMES, store, clock)).made).toBeUndefined()
  clock.now += 0.2 * 365 * DAY_MS
  expect((await build(NAMES, store, clock)).made).toBe('expiring')
})

it('never lets the key be seen in what it reports', async () => {
  const minted: Minted[] = []
  await build(NAMES, memory(), { now: Date.now() }, (made) => minted.push(made))
  expect(JSON.stringify(minted)).not.toMatch(/PRIVATE/)
})

it('refuses a stored authority that is broken, or whose key is another, rather than replacing what clients trust', async () => {
  const [one, two] = [memory(), memory()]
  await build(NAMES, one)
  await build(NAMES, two)
  const swapped = memory({ certificate: one.stored!.certificate, key: two.stored!.key })
  await expect(build(NAMES, swapped)).rejects.toMatchObject({ code: 'GS_CERTIFICATES_STORED' })
  const broken = await build(NAMES, memory({ certificate: 'x', key: 'secret' })).catch((error: Error) => error)
  expect(broken).toMatchObject({ code: 'GS_CERTIFICATES_STORED' })
  expect(inspect(broken)).not.toContain('secret')
  expect(swapped.saves).toBe(0)
})

it.each([
  [[]],
  [['*.example.org']],
  [['gw example']],
  [['-gw.example.org']],
  [['gw..org']],
  [['fe80::1%eth0']],
  [['']],
  [['a'.repeat(64)]],
])('refuses %j as names', async (names) => {
  await expect(build(names)).rejects.toMatchObject({ code: expect.stringMatching(/^GS_CERTIFICATES_(NAME|NO_NAMES)$/) })
})
