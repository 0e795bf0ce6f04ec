import { afterAll, beforeAll, expect, it } from 'vitest'
import { startIssuer, type TestIssuer } from '../../test/parts/issuer.ts'
import { prepareIssuer } from './issuer.ts'
import type { WorkloadSettings } from './settings.ts'
import { prepareWorkloads, Workloads } from './workloads.ts'

const JOBS = 'https://gw.example.org'
const CONNECTORS = 'https://gw.example.org/connectors'
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const cluster = () =>
  prepareIssuer({
    ...{ name: 'cluster', issuer: issuer.url, audience: JOBS, accept: { repository_id: '1' }, groups: [], insecureLoopback: true },
    run: { id: ['{run_id}'] },
  })

const prepared = (workload: Partial<WorkloadSettings> = {}) =>
  prepareWorkloads(
    [
      { name: 'plant-a', workload: { issuer: 'cluster', audience: CONNECTORS, accept: { repository_id: '987654' }, ...workload } },
      { name: 'plant-b' },
    ],
    [cluster()],
  )

function workloads(settings: Partial<WorkloadSettings> = {}): Workloads {
  const spent = new Set<string>()
  return new Workloads({
    prepared: prepared(settings),
    spent: {
      spend(id) {
        const known = spent.has(Buffer.from(id).toString('hex'))
        spent.add(Buffer.from(id).toString('hex'))
        return !known
      },
    },
  })
}

it('takes a token with the claims that are asked of the workload, not of the issuer, and says whose it is', async () => {
  const known = workloads()
  expect(await known.verify('plant-a', await issuer.mint({ aud: CONNECTORS }))).toEqual({
    issuer: 'cluster',
    subject: 'repo:acme/reports:ref:refs/heads/main',
    rule: known.rule('plant-a'),
    token: expect.stringMatching(/^[0-9a-f]{40,}$/),
  })
})

it('knows which rule is in force, by what it takes and not by how it is written', () => {
  const rule = (settings: Partial<WorkloadSettings> = {}) => workloads(settings).rule('plant-a')
  const accept = { repository_id: '987654', ref: 'refs/heads/main' }
  expect(rule()).toMatch(/^[0-9a-f]{64}$/)
  expect(rule()).toBe(rule())
  expect(rule({ accept })).toBe(rule({ accept: { ref: accept.ref, repository_id: accept.repository_id } }))
  expect(new Set([rule(), rule({ accept }), rule({ accept: { repository_id: '1' } }), rule({ audience: JOBS })]).size).toBe(4)
  expect(workloads().rule('plant-b')).toBeUndefined()
})

it('takes the same token again for whoever showed it first, and for nobody else', async () => {
  const known = workloads()
  const [first, second] = [await issuer.mint({ aud: CONNECTORS }), await issuer.mint({ aud: CONNECTORS, jti: 'second' })]
  const { token } = await known.verify('plant-a', first)
  expect(await known.verify('plant-a', first, token)).toMatchObject({ token })
  await known.verify('plant-a', second)
  await expect(known.verify('plant-a', second, token)).rejects.toMatchObject({ code: 'GS_IDENTITY_TOKEN_REPLAYED' })
})

it('takes a token once', async () => {
  const known = workloads()
  const token = await issuer.mint({ aud: CONNECTORS })
  await known.verify('plant-a', token)
  await expect(known.verify('plant-a', token)).rejects.toMatchObject({ code: 'GS_IDENTITY_TOKEN_REPLAYED' })
})

it.each([
  ['is for jobs', 'plant-a', { aud: JOBS }, 'GS_IDENTITY_AUDIENCE_WRONG'],
  ['has other claims', 'plant-a', { aud: CONNECTORS, repository_id: '1' }, 'GS_IDENTITY_NOT_ACCEPTED'],
  ['is over', 'plant-a', { aud: CONNECTORS, exp: 1 }, 'GS_IDENTITY_TOKEN_EXPIRED'],
  ['is for a name that no token opens', 'plant-b', { aud: CONNECTORS }, 'GS_IDENTITY_NOT_ACCEPTED'],
  ['is for a name that nobody has', 'constructor', { aud: CONNECTORS }, 'GS_IDENTITY_NOT_ACCEPTED'],
] as const)('takes none that %s', async (_, name, claims, code) => {
  await expect(workloads().verify(name, await issuer.mint(claims))).rejects.toMatchObject({ code })
})

it('takes the audience of the issuer where it has none of its own', async () => {
  const known = new Workloads({
    prepared: prepareWorkloads([{ name: 'plant-a', workload: { issuer: 'cluster', accept: { repository_id: '987654' } } }], [cluster()]),
    spent: { spend: () => true },
  })
  expect(await known.verify('plant-a', await issuer.mint({ aud: JOBS }))).toMatchObject({ issuer: 'cluster' })
})

it('is not prepared where anybody could come to have such claims, or where the issuer is none', () => {
  const unsafe = expect.objectContaining({ code: 'GS_IDENTITY_ISSUER_UNSAFE' })
  expect(() => prepared({ accept: { ref: 'refs/heads/main' } })).toThrow(unsafe)
  expect(() => prepared({ accept: { repository_id: '9*' } })).toThrow(unsafe)
  expect(() => prepared({ accept: { repository_id: '9', sub: 'x' } })).toThrow(unsafe)
  expect(() => prepared({ issuer: 'nobody' })).toThrow(unsafe)
})
