import { Worker } from 'node:worker_threads'
import {
  type Pruned,
  type Publication,
  type Published,
  type Publishing,
  type PublishingStart,
  TrailError,
  type trailErrors,
} from '../../trail/index.ts'
import type { Answer, Fault, Order } from './messages.ts'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './publish-worker.ts' : './publish-worker.js', import.meta.url)

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/** Publishes in a thread of its own. It keeps the process alive until it is closed. */
export function publishThread(start: PublishingStart): Publishing {
  const worker = new Worker(ENTRY, { workerData: start, name: 'gatescribe publisher' })
  const waiting = new Map<number, Waiting>()
  let last = 0
  let ended: Error | undefined

  worker.on('message', (answer: Answer) => {
    const { resolve, reject } = waiting.get(answer.n) as Waiting
    waiting.delete(answer.n)
    if ('fault' in answer) reject(errorOf(answer.fault))
    else resolve(answer.result as never)
  })
  const end = (error: Error) => {
    ended ??= error
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  worker.once('error', end)
  worker.once('exit', () => end(new Error('the thread that publishes the trail has ended')))

  function ask<T>(order: { act: Order['act']; with: readonly unknown[] }): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (ended) return reject(ended)
      const n = ++last
      waiting.set(n, { resolve, reject })
      worker.postMessage({ n, ...order })
    })
  }

  return {
    async publish(order) {
      const { published, checkpoint } = await ask<Publication>({ act: 'publish', with: [order] })
      return { published: buffered(published), checkpoint }
    },
    useSeeds: (seeds) => ask({ act: 'useSeeds', with: [seeds] }),
    async prune(order) {
      const { published, done } = await ask<Pruned>({ act: 'prune', with: [order] })
      return { published: buffered(published), done }
    },
    erase: (keys) => ask({ act: 'erase', with: [keys] }),
    async close() {
      if (ended) return
      const gone = new Promise((resolve) => worker.once('exit', resolve))
      await ask({ act: 'close', with: [] }).catch(() => undefined)
      await gone
    },
  }
}

function errorOf({ message, code, errcode, ours }: Fault): Error {
  if (ours) return new TrailError(code as keyof typeof trailErrors, message)
  return Object.assign(new Error(message), { code, errcode })
}

/** A Buffer arrives as a Uint8Array. */
function buffered(published: Published): Published {
  return { ...published, root: Buffer.from(published.root) }
}
