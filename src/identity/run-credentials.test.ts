import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { beforeEach, expect, it, vi } from 'vitest'
import type { Run, RunId } from '../operations/index.ts'
import type { ScramVerifier } from './authenticator.ts'
import { readForm } from './credential.ts'
import type { CredentialStore, StoredCredential } from './credential-store.ts'
import { openIdentityKeys } from './root-key.ts'
import { type KnownRuns, RunCredentials } from './run-credentials.ts'

const id: RunId = 'run_0123456789abcdefghjkmnpqrs'
const other: RunId = 'run_1123456789abcdefghjkmnpqrs'
const run: Run = { id, principal: { kind: 'job', issuer: 'github', subject: 's', groups: [] }, facts: {}, startedAt: 0 }

let rows: StoredCredential[]
let state: NonNullable<ReturnType<KnownRuns['run']>>['state']
let store: CredentialStore & { byHash: ReturnType<typeof vi.fn>; byRun: ReturnType<typeof vi.fn> }
let sealed: Uint8Array | undefined
const keys = () =>
  openIdentityKeys(
    {
      read: () => sealed,
      write: (bytes) => {
        sealed = bytes
      },
    },
    { seal: (plain) => plain, open: (bytes) => bytes },
  )
const credentialsWith = () => new RunCredentials(keys(), store, { run: (asked) => (asked === id ? { run, state } : undefined) })

beforeEach(() => {
  rows = []
  state = 'live'
  sealed = undefined
  store = {
    byHash: vi.fn((hash: Uint8Array) => rows.find((row) => Buffer.from(row.hash).equals(hash))),
    byRun: vi.fn((asked: RunId, door) => rows.find((row) => row.run === asked && row.door === door)),
    insert: (row) => {
      rows.push(row)
    },
  }
})

/** RFC 5802 §3, as a client computes it. */
function satisfies(verifier: ScramVerifier, password: string): boolean {
  const salted = pbkdf2Sync(password, verifier.salt, verifier.iterations, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const serverKey = createHmac('sha256', salted).update('Server Key').digest()
  return createHash('sha256').update(clientKey).digest().equals(verifier.storedKey) && serverKey.equals(verifier.serverKey)
}

it('mints the same credentials each time, also after a restart, and keeps only hashes', async () => {
  const first = await credentialsWith().mint(id)
  expect(await credentialsWith().mint(id)).toEqual(first)
  expect(rows).toHaveLength(2)
  expect(rows.map(({ hash }) => hash)).toContainEqual(createHash('sha256').update(first.postgres).digest())
  expect(first.handle).not.toContain(first.postgres.slice(6, 20))
})

it('gives a verifier that the plane credential satisfies and the run handle does not', async () => {
  const credentials = credentialsWith()
  const { postgres, handle } = await credentials.mint(id)
  const verifier = await credentials.postgres().verifier(id)
  expect(satisfies(verifier, postgres)).toBe(true)
  expect(satisfies(verifier, handle)).toBe(false)
  await expect(credentials.postgres().provenRun(id)).resolves.toBe(run)
})

it('tells nothing by a verifier: an unknown run has one, the same each time, with the salt it would have if it were live', async () => {
  const credentials = credentialsWith()
  const { postgres } = await credentials.mint(id)
  const live = await credentials.postgres().verifier(id)
  const unknown = await credentials.postgres().verifier(other)
  expect(unknown).toEqual(await credentials.postgres().verifier(other))
  expect(unknown).toMatchObject({ iterations: live.iterations })
  expect([unknown.salt.length, unknown.storedKey.length, unknown.serverKey.length]).toEqual([16, 32, 32])
  state = 'revoked'
  const revoked = await credentials.postgres().verifier(id)
  expect(revoked.salt).toEqual(live.salt)
  expect(satisfies(revoked, postgres)).toBe(false)
  await expect(credentials.postgres().provenRun(id)).rejects.toMatchObject({ code: 'GS_IDENTITY_RUN_OVER' })
  for (const hostile of ['', '\0', 'run_', 'x'.repeat(60_000), '__proto__']) {
    expect((await credentials.postgres().verifier(hostile)).storedKey).toHaveLength(32)
  }
})

it('asks the store once for a credential and not again', async () => {
  const { postgres } = await credentialsWith().mint(id)
  const credentials = credentialsWith()
  store.byRun.mockClear()
  for (let at = 0; at < 3; at++) {
    await credentials.postgres().runOf(postgres)
    await credentials.postgres().verifier(id)
  }
  expect(store.byHash).toHaveBeenCalledTimes(1)
  expect(store.byRun).toHaveBeenCalledTimes(1)
})

it('refuses a credential at the other door, a foreign one, and one of another gateway, each by its name', async () => {
  const credentials = credentialsWith()
  const { postgres, handle } = await credentials.mint(id)
  await expect(credentials.postgres().runOf(handle)).rejects.toMatchObject({ code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' })
  expect(() => credentials.runOfHandle(postgres)).toThrow(expect.objectContaining({ code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' }))
  await expect(credentials.postgres().runOf('hunter2')).rejects.toMatchObject({ code: 'GS_IDENTITY_CREDENTIAL_FOREIGN' })
  sealed = undefined
  const elsewhere = await new RunCredentials(
    keys(),
    { ...store, byRun: () => undefined, insert: () => undefined },
    { run: () => undefined },
  ).mint(id)
  await expect(credentials.postgres().runOf(elsewhere.postgres)).rejects.toMatchObject({ code: 'GS_IDENTITY_CREDENTIAL_UNKNOWN' })
})

it('makes one for each plane that there is, which opens that plane and no other', async () => {
  const credentials = credentialsWith()
  const minted = await credentials.mint(id, ['kubernetes', 'http'])
  expect(await credentialsWith().mint(id, ['http'])).toEqual({ handle: minted.handle, postgres: minted.postgres, http: minted.http })
  expect([minted.kubernetes, minted.http].map((credential) => readForm(credential!))).toEqual([{ door: 'k8s' }, { door: 'http' }])
  const planes = { postgres: credentials.postgres(), kubernetes: credentials.bearer('kubernetes'), http: credentials.bearer('http') }
  for (const [own, plane] of Object.entries(planes)) {
    for (const [of, credential] of Object.entries(minted)) {
      if (of === own) await expect(plane.runOf(credential)).resolves.toBe(run)
      else await expect(plane.runOf(credential)).rejects.toMatchObject({ code: 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' })
    }
    await expect(plane.runOf('eyJhbGciOiJSUzI1NiJ9.e30.x')).rejects.toMatchObject({ code: 'GS_IDENTITY_CREDENTIAL_FOREIGN' })
  }
  state = 'ended'
  await expect(planes.kubernetes.runOf(minted.kubernetes!)).rejects.toMatchObject({ code: 'GS_IDENTITY_RUN_OVER' })
})

it('makes credentials that a scanner recognises, and whose typing errors it sees', async () => {
  const { postgres } = await credentialsWith().mint(id)
  expect(readForm(postgres)).toEqual({ door: 'pg' })
  for (let at = 6; at < postgres.length; at++) {
    const changed = postgres.slice(0, at) + (postgres[at] === 'a' ? 'b' : 'a') + postgres.slice(at + 1)
    expect(readForm(changed)).toBe('foreign')
  }
})
