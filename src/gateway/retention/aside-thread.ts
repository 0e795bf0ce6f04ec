import { Worker } from 'node:worker_threads'

/** In a checkout the entry is TypeScript, in the package what was made of it. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './aside-worker.ts' : './aside-worker.js', import.meta.url)

/** What the thread is given when it begins. */
export interface AsideStart {
  /** `gateway.data`. */
  readonly folder: string
  readonly keys: readonly string[]
}

/**
 * Erases in logs that were set aside in a thread of its own, which lives as long as that takes: what they hold may be gigabytes, and the disk is
 * waited for again and again.
 * @param folder `gateway.data`
 */
export function asideThread(folder: string): (keys: readonly string[]) => Promise<void> {
  return (keys) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(ENTRY, { workerData: { folder, keys } satisfies AsideStart, name: 'gatescribe eraser' })
      worker.once('error', reject)
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('the thread that erases in logs set aside has ended'))))
    })
}
