import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { whileRunning } from '../parts/command.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { needs } from '../parts/require.ts'
import { exchanged } from './matrix/sockets.ts'
import { startWorld, type World } from './world.ts'

const STREAMS = 200

let world: World
let server: Server
let port: number
let most = 0
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startWorld()
  await world.cluster.pod('web')
  let open = 0
  // Answers with a digest once the other side has ended, and no earlier than everybody is there.
  const everybody: (() => void)[] = []
  server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256')
    open += 1
    most = Math.max(most, open)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      open -= 1
    })
    socket.on('data', (piece) => hash.update(piece))
    socket.on('end', () => {
      everybody.push(() => socket.end(hash.digest('hex')))
      if (everybody.length === STREAMS) for (const answer of everybody.splice(0)) answer()
    })
  })
  port = await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)))
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
afterAll(async () => {
  server?.close()
  await world?.stop()
})

// K8-08
it.each([
  ['WebSockets', {}],
  ['SPDY', { KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
])('carries 200 connections at once through one port-forward over %s, each ended by itself', async (_, env) => {
  const { cluster, gateway } = world
  most = 0
  await whileRunning(
    cluster.binaries.kubectl,
    ['port-forward', 'pod/web', `:${port}`, '--address=127.0.0.1'],
    /Forwarding from 127\.0\.0\.1:(\d+)/,
    async (match) => {
      const local = Number(match[1])
      const texts = Array.from({ length: STREAMS }, (_, index) => `${index} `.repeat(5000 + index * 50))
      const answers = await Promise.all(texts.map((text) => exchanged(local, text)))
      expect(answers).toEqual(texts.map((text) => createHash('sha256').update(text).digest('hex')))
    },
    { env: { HOME: cluster.folder, KUBECONFIG: gateway.kubeconfig, ...env } },
  )
  expect(most).toBe(STREAMS)
})
