import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cpuSeconds, cpuSecondsOfEndedChildren } from './cpu.ts'
import type { HttpContender } from './http-contender.ts'
import type { Done, Load } from './http-load.ts'
import type { Sample } from './measurement.ts'

/** Runs one load of `http-load.ts`. */
export function runLoad(load: Load, cwd: string): Promise<Done> {
  return runLoadOf<Done>(join(import.meta.dirname, 'http-load.ts'), load, cwd)
}

/**
 * Runs one load in a process of its own.
 *
 * @param program takes the load as JSON on its command line, and prints what it did as JSON
 * @param opened a second after the program has said `open` on standard error
 */
export async function runLoadOf<Done>(program: string, load: object, cwd: string, opened: () => void = () => undefined): Promise<Done> {
  const child = spawn(process.execPath, [program, JSON.stringify(load)], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (piece) => {
    said += piece
  })
  child.stderr.on('data', (piece: Buffer) => {
    if (piece.toString().startsWith('open')) setTimeout(opened, 1_000)
    else process.stderr.write(piece)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the client ended with ${code}`)
  return JSON.parse(said) as Done
}

/** Measures what everybody's CPU did meanwhile. @param servers process ids */
export async function withCpu<Taken extends Omit<Sample, 'cpu'>>(
  contender: HttpContender,
  servers: readonly number[],
  work: () => Promise<Taken>,
): Promise<Taken & Sample> {
  const used = () => [cpuSeconds(contender.pids), cpuSecondsOfEndedChildren(), cpuSeconds(servers)] as const
  const before = used()
  const done = await work()
  const after = used()
  const [way, own, server] = after.map((seconds, index) => seconds - (before[index] ?? 0))
  return { ...done, cpu: { contender: way ?? 0, client: own ?? 0, server: server ?? 0 } }
}
