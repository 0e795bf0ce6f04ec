// The thread that publishes the trail: hashing, tiles, payloads and fsync cost the connections nothing here.
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { openPayloadStore } from '../../store/index.ts'
import { folderFiles, folderLogFiles, type Published, Publisher, TrailError } from '../../trail/index.ts'
import type { Answer, Fault, Order, ThreadStart } from './messages.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const start = workerData as ThreadStart
const trail = join(start.folder, 'trail')
const payloads = openPayloadStore(start.folder)
const publisher = new Publisher({
  wal: folderFiles(trail),
  files: folderLogFiles(trail),
  payloads,
  key: Buffer.from(start.key),
  name: start.name,
  seeds: start.seeds,
  published: buffered(start.published),
})

/** One after the other, in the order in which they came. */
let turn: Promise<void> = Promise.resolve()
port.on('message', (order: Order) => {
  turn = turn.then(async () => {
    port.postMessage(await answerTo(order))
    if (order.act === 'close') port.close()
  })
})

async function answerTo(order: Order): Promise<Answer> {
  const { n } = order
  try {
    switch (order.act) {
      case 'publish': {
        const { published, checkpoint } = await publisher.publish(...order.with)
        return { n, result: { published: told(published), checkpoint } }
      }
      case 'useSeeds':
        await publisher.useSeeds(...order.with)
        return { n, result: undefined }
      case 'prune': {
        const { published, done } = await publisher.prune(...order.with)
        return { n, result: { published: told(published), done } }
      }
      case 'erase':
        return { n, result: await publisher.erase(...order.with) }
      case 'close':
        await publisher.close()
        payloads.close()
        return { n, result: undefined }
    }
  } catch (error) {
    return { n, fault: faultOf(error) }
  }
}

function faultOf(error: unknown): Fault {
  const { message, code, errcode } = error as Error & { code?: string; errcode?: number }
  return { message, code, errcode, ours: error instanceof TrailError }
}

/** Thousands of open sessions would have to be copied each time, and only this thread has to know them. */
function told(published: Published): Published {
  return { ...published, open: [] }
}

/** A Buffer arrives as a Uint8Array. */
function buffered(published: Published): Published {
  return { ...published, root: Buffer.from(published.root), wal: { ...published.wal, mac: Buffer.from(published.wal.mac) } }
}
