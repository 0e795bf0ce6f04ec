import { Worker } from 'node:worker_threads'
import type { Encoded, Order, RecordingThread, ThreadListener } from '../../recording/index.ts'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './record-worker.ts' : './record-worker.js', import.meta.url)

/** Encodes and compresses recordings in a thread of its own: neither the connections nor the pool of libuv wait for it. */
export function recordThread(listener: ThreadListener): RecordingThread {
  const worker = new Worker(ENTRY, { name: 'gatescribe recorder' })
  let closing = false
  let ended = false
  const end = (error: Error) => {
    if (ended) return
    ended = true
    if (!closing) listener.failed(error)
  }
  worker.on('message', (encoded: Encoded) => listener.encoded(encoded))
  worker.once('error', end)
  worker.once('exit', () => end(new Error('the thread that encodes recordings has ended')))
  worker.unref()
  return {
    take(order: Order) {
      worker.postMessage(order, 'tape' in order ? [order.tape.buffer] : [])
    },
    async close() {
      closing = true
      await worker.terminate()
    },
  }
}
