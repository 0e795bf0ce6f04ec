import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { needs } from '../parts/require.ts'
import { shown } from '../parts/soak.ts'
import { type WatchedServer, type Watching, watch } from './watching.ts'
import { startWorld, type World } from './world.ts'

const WATCHES = 500
const EVENTS = 40
/** How much later than without a gateway an event may be there, ms. */
const LATER = 5

let world: World
let direct: WatchedServer
let gateway: WatchedServer
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startWorld()
  const { cluster, inFront } = world
  direct = { server: cluster.url, ca: cluster.ca, token: cluster.adminToken }
  const { server, token } = await inFront.kubeconfig()
  gateway = { server, token, ca: inFront.gateway.ca }
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
afterAll(() => world?.stop())

const made = (name: string) =>
  world.cluster.request('POST', '/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

// K8-03
it('keeps 500 watches open, and what happens is at each of them as soon as without it', async () => {
  const open: Watching[] = []
  try {
    // Each waits for something of its own, as controllers do.
    for (let index = 0; index < WATCHES; index += 50)
      open.push(
        ...(await Promise.all(Array.from({ length: 50 }, (_, at) => watch(gateway, `&fieldSelector=metadata.name%3Dthing-${index + at}`)))),
      )
    const later: number[] = []
    for (let index = 0; index < EVENTS; index += 1) {
      const number = index * 12
      const name = `thing-${number}`
      const beside = await watch(direct, `&fieldSelector=metadata.name%3D${name}`)
      const [without, within] = await Promise.all([beside.event(name), open[number]!.event(name), made(name)])
      later.push(within - without)
      beside.stop()
    }
    later.sort((a, b) => a - b)
    const at = (share: number) => Math.round((later[Math.floor((later.length - 1) * share)] ?? 0) * 100) / 100
    shown('test/kubernetes/watches.test.ts', { watches: WATCHES, 'median, ms later': at(0.5), '90 %, ms later': at(0.9) })
    expect(at(0.5)).toBeLessThan(LATER)
  } finally {
    for (const one of open) one.stop()
  }
})

it('brings one event to 500 watches', async () => {
  const open: Watching[] = []
  try {
    for (let index = 0; index < WATCHES; index += 50) open.push(...(await Promise.all(Array.from({ length: 50 }, () => watch(gateway)))))
    const beside = await watch(direct)
    const began = performance.now()
    const [without, ...moments] = await Promise.all([
      beside.event('news'),
      ...open.map((one) => one.event('news')),
      made('news').then(() => 0),
    ])
    const all = moments.slice(0, -1)
    shown('test/kubernetes/watches.test.ts (fan-out)', {
      'direct, ms': Math.round(without - began),
      'first of 500, ms': Math.round(Math.min(...all) - began),
      'last of 500, ms': Math.round(Math.max(...all) - began),
    })
    expect(all).toHaveLength(WATCHES)
    beside.stop()
  } finally {
    for (const one of open) one.stop()
  }
})
