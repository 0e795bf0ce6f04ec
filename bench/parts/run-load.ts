import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cpuSeconds, cpuSecondsOfEndedChildren } from './cpu.ts'
import type { HttpContender } from './http-contender.ts'
import type { Done, Load } from './http-load.ts'
import type { Sample } from './measurement.ts'

/** Runs one load in a process of its own. */
export async function runLoad(load: Load, cwd: string): Promise<Done> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'http-load.ts'), JSON.stringify(load)], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (piece) => {
    said += piece
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the client ended with ${code}`)
  return JSON.parse(said) as Done
}

/** Measures what everybody's CPU did meanwhile. @param servers process ids */
export async function withCpu(
  contender: HttpContender,
  servers: readonly number[],
  work: () => Promise<Omit<Sample, 'cpu'>>,
): Promise<Sample> {
  const used = () => [cpuSeconds(contender.pids), cpuSecondsOfEndedChildren(), cpuSeconds(servers)] as const
  const before = used()
  const done = await work()
  const after = used()
  const [way, own, server] = after.map((seconds, index) => seconds - (before[index] ?? 0))
  return { ...done, cpu: { contender: way ?? 0, client: own ?? 0, server: server ?? 0 } }
}
