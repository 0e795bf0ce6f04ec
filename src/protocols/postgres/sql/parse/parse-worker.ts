// A thread that parses what would hold up the connections if it were parsed beside them.
import { parentPort } from 'node:worker_threads'
import type { Catalog } from '../../catalog/catalog.ts'
import { analyse } from '../facts/index.ts'
import { catalogOf } from './catalog-copy.ts'
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
      open(order)
      return
    case 'forget':
      catalogs.delete(order.version)
      return
    case 'read':
      answer({ kind: 'read', reading: read(order), external: process.memoryUsage().external })
  }
})
answer({ kind: 'ready' })

function open({ version, bytes }: Order & { kind: 'catalog' }): void {
  const catalog = catalogOf(bytes)
  if (catalog) catalogs.set(version, catalog)
}

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
