import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Mask } from '../../../src/operations/index.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { needs } from '../../parts/require.ts'
import { type Ask, OTHERS, readings, writings } from './asks.ts'
import { CANARIES, canariesIn } from './canary.ts'
import { askMasked, type Came } from './masks-alone.ts'
import { BIG, fill } from './world.ts'

const FIELDS = ['helm-releases', 'secrets', 'configmaps', 'environment', 'widgets.example.com:spec.token']
const mask = (as: Mask['as']): Mask => ({
  ...{ name: 'everything', columns: [], fields: FIELDS, detect: [], patterns: [], as, unmaskedWrite: false, predicates: false },
})

/** Watches last a second each. */
const AT_ONCE = 32

let cluster: RunningCluster

beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  cluster = await startCluster()
  await fill(cluster)
})
afterAll(() => cluster?.stop())

describe('the judge', () => {
  it.each([
    ['as it is', (text: string) => `x${text}y`],
    ['in other letters', (text: string) => text.toUpperCase()],
    ['a part of it', (text: string) => text.slice(3, 11)],
    ['reversed', (text: string) => [...text].reverse().join('')],
    ['in hex', (text: string) => Buffer.from(text).toString('hex')],
    ['in base64', (text: string) => Buffer.from(`a${text}bc`).toString('base64')],
    ['in percents', (text: string) => text.replace(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)],
    ['in base64 in base64', (text: string) => Buffer.from(Buffer.from(text).toString('base64')).toString('base64')],
    ['compressed in base64', (text: string) => `{"release":"${Buffer.from(gzipSync(text).toString('base64')).toString('base64')}"}`],
  ])('finds a canary %s', (_, written) => {
    for (const canary of Object.values(CANARIES)) expect(canariesIn(Buffer.from(written(canary)))).not.toEqual([])
    expect(canariesIn(Buffer.from('nothing, and aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ='))).toEqual([])
  })
})

async function hunt(asks: readonly Ask[], masks: readonly Mask[]) {
  const leaks: string[] = []
  const statuses = new Map<number, number>()
  let shown = 0
  const waiting = asks.values()
  const lane = async () => {
    for (const ask of waiting) {
      const { status, bytes } = await askMasked(cluster, masks, ask)
      const { method, path, headers, body } = ask
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (bytes.length > 500) shown += 1
      for (const found of canariesIn(bytes)) leaks.push(`${found}: ${method} ${path} ${JSON.stringify(headers)} ${body ?? ''}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return { leaks, statuses, shown }
}

describe('of what is masked, nothing comes', () => {
  it('however it is read', async () => {
    const { leaks, statuses, shown } = await hunt(readings(), [mask('redact')])
    expect(leaks).toEqual([])
    // That nothing was shown at all would be no wonder.
    expect(shown).toBeGreaterThan(400)
    expect(statuses.get(200)).toBeGreaterThan(400)
  })

  it.each(['null', 'partial', 'hash', { fixed: 'hidden' }] as const)('whatever stands for it: %j', async (as) => {
    const { leaks } = await hunt(
      readings().filter(({ path, headers }) => !path.includes('watch') && headers?.accept === 'application/json'),
      [mask(as)],
    )
    expect(leaks).toEqual([])
  })

  it('however it is written to, and whatever error that makes', async () => {
    const { leaks, statuses } = await hunt(writings(), [mask('redact')])
    // Without rules nothing keeps a value from being copied elsewhere; the policy does (src/policy/masked-fields.test.ts).
    expect(leaks.filter((leak) => !/"op":"(copy|move)"/.test(leak))).toEqual([])
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 422]))
  })

  it('in what is about nothing in particular', async () => {
    const { leaks } = await hunt(OTHERS, [mask('redact')])
    expect(leaks).toEqual([])
  })
})

it('what no mask is about comes as it is, and nothing else of an object changes', async () => {
  const bare = await askMasked(cluster, [], { method: 'GET', path: '/apis/example.com/v1/namespaces/hunted/widgets/widget' })
  const masked = await askMasked(cluster, [mask('redact')], {
    method: 'GET',
    path: '/apis/example.com/v1/namespaces/hunted/widgets/widget',
  })
  expect(canariesIn(bare.bytes)).not.toEqual([])
  expect(bare.body).toContain(String(BIG))
  const { token, environment } = CANARIES
  expect(masked.body).toBe(bare.body.replaceAll(token, '[masked]').replaceAll(environment, '[masked]'))
})

it('everybody else is still there: the values came without a mask', async () => {
  const came: Came[] = []
  for (const ask of readings().filter(({ path, headers }) => !path.includes('watch') && headers?.accept === 'application/json'))
    came.push(await askMasked(cluster, [], ask))
  const seen = new Set(came.flatMap(({ bytes }) => canariesIn(bytes).map((found) => found.split(/[ ,]/)[0])))
  expect([...seen].sort()).toEqual(Object.keys(CANARIES).sort())
})
