// A thread that parses what would hold up the connections if it were parsed beside them.
import { parentPort } from 'node:worker_threads'
import { type Catalog, openCatalog } from '../../catalog/index.ts'
import { analyse } from '../facts/index.ts'
import type { Answer, Order } from './messages.ts'
import { loadParser } from './parser.ts'
import { scan } from './prescan.ts'
import { type Reading, readText } from './read-text.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const parser = await loadParser()
const catalogs = new Map<string, Catalog>()

port.on('message', (order: Order) => {
  switch (order.kind) {
    case 'catalog':
      catalogs.set(order.version, openCatalog(order.bytes))
      return
    case 'forget':
      catalogs.delete(order.version)
      return
    case 'read':
      answer({ kind: 'begun' })
      answer({ kind: 'read', reading: read(order), external: process.memoryUsage().external })
  }
})
// The first texts would wait for the compiler.
for (const text of ['select a, count(*) from t where b = $1 group by a order by 2', 'insert into t (a) values (1) returning a']) {
  for (let times = 0; times < 20; times += 1)
    read({ kind: 'read', text: Buffer.from(text), view: { catalogKnown: false, readOnly: false } })
}
answer({ kind: 'ready' })

function read({ text, catalog, view }: Order & { kind: 'read' }): Reading | undefined {
  const refused = scan(text)
  if (refused) return refused
  const known = catalog === undefined ? undefined : catalogs.get(catalog)
  try {
    return readText(parser, analyse, Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'), known, view)
  } catch {
    // Out of memory or stack. The error could quote the text.
    return undefined
  }
}

function answer(message: Answer): void {
  port.postMessage(message)
}
