// The thread that keeps the search index up and searches it: reading the log, opening payloads and SQLite cost the connections nothing here.
import { parentPort, workerData } from 'node:worker_threads'
import { portedSealer } from '../../credentials/index.ts'
import { Terms } from '../../search/index.ts'
import { openKeyStore, openPayloadStore, openSearchIndex } from '../../store/index.ts'
import { PublishedReader } from '../../trail/index.ts'
import type { Answer, Fault, Order, SearchStart } from './messages.ts'
import { considerate } from './pace.ts'
import { Searcher } from './searcher.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const { folder, origin, name, sealer, indexKey, extent } = workerData as SearchStart
const keys = openKeyStore(folder)
const payloads = openPayloadStore(folder)
const trail = new PublishedReader({ folder, keys, payloads, masterKey: portedSealer(sealer), origin, name })
trail.advance(extent)
const searcher = new Searcher({
  index: openSearchIndex(folder),
  terms: new Terms(indexKey),
  trail,
  pace: considerate(),
  failed: (error) => answer({ failed: faultOf(error) }),
})
const reindexing = new Map<number, AbortController>()

port.on('message', (order: Order) => {
  if (order.act === 'advance') trail.advance(order.extent)
  else if (order.act === 'cancel') reindexing.get(order.of)?.abort()
  else void obey(order)
})

async function obey(order: Extract<Order, { n: number }>): Promise<void> {
  const { n } = order
  try {
    switch (order.act) {
      case 'search':
        return answer({ n, result: await searcher.search(...order.with) })
      case 'taken':
        return answer({ n, result: searcher.taken })
      case 'reindex':
        await reindex(n, ...order.with)
        break
      case 'forget':
        trail.forget(...order.with)
        await searcher.forget(...order.with)
        break
      case 'forgetAged':
        await searcher.forgetAged(...order.with)
        break
      case 'prune':
        await searcher.prune(...order.with)
        break
      case 'close':
        await searcher.close()
        payloads.close()
        keys.close()
    }
    answer({ n, result: undefined })
    if (order.act === 'close') port.close()
  } catch (error) {
    answer({ n, fault: faultOf(error) })
  }
}

async function reindex(n: number, checkOnly: boolean, size: number): Promise<void> {
  const cancelled = new AbortController()
  reindexing.set(n, cancelled)
  try {
    for await (const step of searcher.reindex(checkOnly, size, cancelled.signal)) answer({ n, step })
  } finally {
    reindexing.delete(n)
  }
}

function answer(what: Answer): void {
  port.postMessage(what)
}

function faultOf(error: unknown): Fault {
  const { message, code } = error as Error & { code?: string }
  return { message, code }
}
