import { copyFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { clientLibraries } from '../../parts/kubernetes-clients.ts'
import type { Case } from './case.ts'
import type { Place } from './place.ts'

const CLIENTS = join(import.meta.dirname, '../clients')

const web = async (at: Place): Promise<void> => {
  await at.cluster.pod('web', { namespace: at.namespace })
  at.cluster.writeLog('web', ['first', 'second', 'third'], { namespace: at.namespace })
}

/** While a web server of this machine, and so of every pod, answers. */
async function serving<T>(use: (port: string) => Promise<T>): Promise<T> {
  const server = createServer((_, answer) => answer.end('served'))
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  try {
    return await use(String(port))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Programs that use client libraries: test/kubernetes/clients, and clientgo among the parts. */
export const LIBRARIES: readonly Case[] = [
  {
    name: 'Python: kubernetes',
    before: web,
    run: (at) => at.run(clientLibraries().python, [join(CLIENTS, 'python/client.py'), at.namespace, 'web']),
    shows: '6',
  },
  {
    name: 'JavaScript: @kubernetes/client-node',
    before: web,
    run(at) {
      // What it imports is beside what was installed.
      const program = join(clientLibraries().node, 'client.js')
      copyFileSync(join(CLIENTS, 'node/client.js'), program)
      return serving((port) => at.run(process.execPath, [program, at.namespace, 'web', port]))
    },
    shows: 'served',
  },
  {
    name: 'Go: client-go, JSON and protobuf',
    before: web,
    run: (at) => serving((port) => at.run(clientLibraries().go, [at.namespace, 'web', port])),
    shows: 'served',
  },
]
