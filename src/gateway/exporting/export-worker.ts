// The thread that exports: reading the log, putting it into other forms and waiting for receivers cost the connections nothing here.
import { parentPort, workerData } from 'node:worker_threads'
import type { ExportSecrets, ExportTested } from '../../exports/index.ts'
import { Exporter } from './exporter.ts'
import { type Answer, type ExportStart, type Fault, faultOf, type Order } from './messages.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
const port = parentPort
const wanting = new Map<number, (secrets: ExportSecrets | Fault) => void>()
let wanted = 0

const exporter = new Exporter(workerData as ExportStart, {
  secretsOf,
  told: (readings) => answer({ readings }),
  news: (of, news) => answer({ news, of }),
})

port.on('message', (order: Order) => {
  if (order.act === 'advance') exporter.advance(order.extent)
  else if (order.act === 'secrets') wanting.get(order.of)?.(order.secrets)
  else void obey(order)
})

async function obey(order: Extract<Order, { n: number }>): Promise<void> {
  const { n } = order
  try {
    answer({ n, result: await done(order) })
    if (order.act === 'close') port.close()
  } catch (error) {
    answer({ n, fault: faultOf(error) })
  }
}

async function done(order: Extract<Order, { n: number }>): Promise<ExportTested | undefined> {
  switch (order.act) {
    case 'use':
      await exporter.use(...order.with)
      return undefined
    case 'test':
      return exporter.test(...order.with)
    case 'rewind':
      await exporter.rewind(...order.with)
      return undefined
    case 'skip':
      await exporter.skip(...order.with)
      return undefined
    case 'close':
      await exporter.close()
      return undefined
  }
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

function answer(what: Answer): void {
  port.postMessage(what)
}
