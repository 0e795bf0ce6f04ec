import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const COMMAND = join(import.meta.dirname, '../../bin/gatescribe.js')

export interface WitnessProcess {
  readonly url: string
  readonly vkey: string
  readonly child: ChildProcess
  /** What it wrote to standard error so far. */
  readonly log: () => string
  /** @returns the exit code; null where the signal ended it */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** The real command on a free port. @param logs vkeys */
export async function startWitnessProcess(folder: string, logs: readonly string[]): Promise<WitnessProcess> {
  const args = ['witness', 'start', '--json', '--data', folder, '--listen', '127.0.0.1:0', ...logs.flatMap((vkey) => ['--log', vkey])]
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    log += chunk
  })
  const exited = once(child, 'exit')
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), exited.then(() => Promise.reject(new Error(log)))])
  const { url, vkey } = JSON.parse(line[0] as string) as { url: string; vkey: string }
  return {
    url,
    vkey,
    child,
    log: () => log,
    async end(signal) {
      child.kill(signal)
      return (await exited)[0] as number | null
    },
  }
}
