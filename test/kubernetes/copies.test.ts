import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../parts/kubernetes-binaries.ts'
import { needs } from '../parts/require.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, seedOr, shown, sizeOr } from '../parts/soak.ts'
import { startWorld, type World } from './world.ts'

/*
 * kubectl cp of a file that is larger than any memory it may take on its way: 128 MB in CI, a gigabyte in the long form. K8-06.
 */

const MB = 2 ** 20
const SIZE = sizeOr(128 * MB, 1024 * MB)
/** What the gateway may hold at most beyond what it held before: a few buffers of each hop, and what V8 has not yet collected. */
const FLAT = 160 * MB

let world: World
const folder = mkdtempSync(join(tmpdir(), 'gatescribe-copies-'))
const source = join(folder, 'source')
let expected: string
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  world = await startWorld()
  await world.cluster.pod('web')
  await pipeline(Readable.from(randomPieces(SIZE)), createWriteStream(source))
  expected = await digestOf(source)
}, patience(120_000))
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
afterAll(async () => {
  await world?.stop()
  rmSync(folder, { recursive: true, force: true })
})

it.each([
  ['WebSockets', {}],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
])(
  'copies a large file both ways over %s with the digest it has, in memory that does not grow with it',
  async (carrier, env) => {
    const { cluster, gateway, inFront } = world
    const copy = async (from: string, to: string) => {
      const ran = await cluster.kubectl(['cp', from, to], { env: { ...env, KUBECONFIG: gateway.kubeconfig }, patience: 600_000 })
      expect(ran).toMatchObject({ status: 0, stderr: '' })
      return ran.ms
    }
    // What is compiled and kept for the first copy is not held against the large one.
    await cluster.kubectl(['exec', 'web', '--', 'sh', '-c', 'seq 1 100000'], { env: { ...env, KUBECONFIG: gateway.kubeconfig } })
    const before = residentBytes(inFront.gateway.pid)
    let most = 0
    const sampling = setInterval(() => {
      most = Math.max(most, residentBytes(inFront.gateway.pid))
    }, 20)
    const [there, back] = [join(folder, `there-${carrier}`), join(folder, `back-${carrier}`)]
    try {
      const into = await copy(source, `web:${there}`)
      expect(await digestOf(there)).toBe(expected)
      const out = await copy(`web:${there}`, back)
      expect(await digestOf(back)).toBe(expected)
      shown('test/kubernetes/copies.test.ts', {
        [`megabytes over ${carrier}`]: SIZE / MB,
        [`${carrier}, MB/s into a pod`]: Math.round(SIZE / MB / (into / 1000)),
        [`${carrier}, MB/s out of a pod`]: Math.round(SIZE / MB / (out / 1000)),
        [`${carrier}, MB more memory at most`]: Math.round((most - before) / MB),
      })
      expect(most - before).toBeLessThan(FLAT)
    } finally {
      clearInterval(sampling)
      for (const file of [there, back]) rmSync(file, { force: true })
    }
  },
  patience(180_000) + 600_000,
)

function* randomPieces(size: number): Generator<Buffer> {
  const next = seeded(seedOr(7))
  const piece = new Uint32Array(MB / 4)
  for (let made = 0; made < size; made += MB) {
    for (let at = 0; at < piece.length; at += 1) piece[at] = next() * 2 ** 32
    yield Buffer.from(piece.slice().buffer)
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}
