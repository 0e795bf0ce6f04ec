// The thread that exports: reading the log, putting it into other forms and waiting for receivers cost the connections nothing here.
import { parentPort, workerData } from 'node:worker_threads'
import { Delivery, ExportError, type ExportSecrets, type ExportSettings } from '../../exports/index.ts'
import { openExportCursors } from '../../store/index.ts'
import { considerate } from '../searching/pace.ts'
import { PublishedEntries } from './exported-log.ts'
import { type Answer, type ExportStart, type Fault, faultOf, type Order } from './messages.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const { folder, origin, name, instance, version, exports, extent, patience } = workerData as ExportStart
/** Readings are told no more often than this; ms. */
const TOLD_MS = 100

const cursors = openExportCursors(folder)
const log = new PublishedEntries(folder, origin, name)
log.advance(extent)
const closing = new AbortController()
const deliveries = new Map<string, { readonly delivery: Delivery; readonly shape: string }>()
const wanting = new Map<number, (secrets: ExportSecrets | Fault) => void>()
let wanted = 0
let telling: NodeJS.Timeout | undefined

port.on('message', (order: Order) => {
  if (order.act === 'advance') log.advance(order.extent)
  else if (order.act === 'secrets') wanting.get(order.of)?.(order.secrets)
  else void obey(order)
})
await use(exports)

async function obey(order: Extract<Order, { n: number }>): Promise<void> {
  const { n } = order
  try {
    switch (order.act) {
      case 'use':
        await use(...order.with)
        break
      case 'test': {
        const [name, id] = order.with
        return answer({ n, result: await deliveryOf(name).test(id, closing.signal) })
      }
      case 'rewind': {
        const [name, to] = order.with
        await deliveryOf(name).rewind(to)
        break
      }
      case 'skip': {
        const [name, entry] = order.with
        await deliveryOf(name).skip(entry)
        break
      }
      case 'close':
        closing.abort()
        await Promise.all([...deliveries.values()].map(({ delivery }) => delivery.close()))
        clearTimeout(telling)
        cursors.close()
    }
    answer({ n, result: undefined })
    if (order.act === 'close') port.close()
  } catch (error) {
    answer({ n, fault: faultOf(error) })
  }
}

/** Those that stay as they are go on; one that is gone keeps its cursor, for when it comes back. */
async function use(settings: readonly ExportSettings[]): Promise<void> {
  const shapes = new Map(settings.map((each) => [each.name, JSON.stringify(each)]))
  for (const [name, { delivery, shape }] of [...deliveries]) {
    if (shapes.get(name) === shape) continue
    await delivery.close()
    deliveries.delete(name)
  }
  for (const each of settings) if (!deliveries.has(each.name)) begin(each, shapes.get(each.name)!)
  changed()
}

function begin(settings: ExportSettings, shape: string): void {
  const delivery = new Delivery({
    ...{ settings, log, cursors, changed, secretsOf },
    sender: { version, instance },
    rest: restOf(),
    ...(patience && { patience }),
    tell: (news) => answer({ news, of: settings.name }),
  })
  deliveries.set(settings.name, { delivery, shape })
  delivery.start()
}

/** One after the other of all exports gets the same small share of this thread. */
function restOf() {
  const pace = considerate()
  return () => pace.rest(false)
}

function deliveryOf(name: string): Delivery {
  const found = deliveries.get(name)
  if (!found) throw new ExportError('GS_EXPORTS_UNKNOWN')
  return found.delivery
}

function secretsOf(name: string): Promise<ExportSecrets> {
  const number = ++wanted
  return new Promise((resolve, reject) => {
    wanting.set(number, (secrets) => {
      wanting.delete(number)
      if ('message' in secrets) reject(Object.assign(new Error(secrets.message), { code: secrets.code, next: secrets.next }))
      else resolve(secrets)
    })
    answer({ wants: number, name })
  })
}

function changed(): void {
  telling ??= setTimeout(() => {
    telling = undefined
    answer({ readings: [...deliveries.values()].map(({ delivery }) => delivery.reading) })
  }, TOLD_MS)
}

function answer(what: Answer): void {
  port.postMessage(what)
}
