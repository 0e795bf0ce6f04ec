import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boundToThisProcess } from '../../test/parts/lifetime.ts'
import { freePort } from '../../test/parts/ports.ts'
import type { Contender } from './contender.ts'

/** Compiles relay.c and runs it before the server. @returns undefined where there is no C compiler */
export async function startMinimalRelay(server: { readonly port: number }, user: string, database: string): Promise<Contender | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-relay-'))
  const compiled = spawnSync('cc', ['-O2', '-o', join(folder, 'relay'), join(import.meta.dirname, 'relay.c')], { encoding: 'utf8' })
  if (compiled.status !== 0) {
    rmSync(folder, { recursive: true })
    if (compiled.error) return undefined
    throw new Error(`relay.c does not compile: ${compiled.stderr}`)
  }
  const port = await freePort()
  const relay = spawn(join(folder, 'relay'), [String(port), String(server.port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const release = boundToThisProcess(relay, folder)
  await once(relay.stdout, 'data')
  return {
    name: 'minimal relay (C)',
    port,
    user,
    database,
    encrypted: false,
    pids: [relay.pid as number],
    async stop() {
      const ended = once(relay, 'exit')
      relay.kill('SIGTERM')
      await ended
      release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
