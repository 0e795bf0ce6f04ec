import { join } from 'node:path'
import type { HttpContender } from './http-contender.ts'
import { type GovernedTarget, startHttpsSides } from './https-sides.ts'
import { median, summarise } from './measurement.ts'
import { memoryOf } from './memory.ts'
import type { WorkResult } from './overview.ts'
import { inRounds } from './rounds.ts'
import { runLoadOf, withCpu } from './run-load.ts'
import { tableOf } from './table.ts'
import type { TimedDone } from './timed-load.ts'
import { writeResults } from './written-results.ts'

/** What every load of such a bench is made of; the rest is its own. */
interface SomeLoad {
  readonly work: string
  readonly connections: number
  readonly seconds?: number
}

/** One load, and what of it is compared: how many a second, how long one took, or both. */
export interface TimedWork<Load extends SomeLoad> {
  readonly title: string
  readonly compared: readonly ('rates' | 'times')[]
  readonly load: Load
}

/** A bench of streams and short calls. */
export interface TimedBench<Load extends SomeLoad> {
  /** The folder of its `target.ts` and `load.ts`, which knows the works `call` and `open`. */
  readonly programs: string
  readonly works: readonly TimedWork<Load>[]
  readonly target: GovernedTarget
  /** What times are called in what is written. */
  readonly timesAs: string
  readonly options: {
    readonly seconds: number
    readonly rounds: number
    /** Open at once, for the memory that each takes. */
    readonly streams: number
    /** A part of a title, or of `open`. */
    readonly only: string
    readonly out: string
  }
}

interface Times {
  readonly contender: string
  /** Of one, ms. */
  readonly p50: number
  readonly p99: number
}

/** A target reached directly, through nginx, and through the gateway, with and without masks; prints and writes what was found. */
export async function benchTimed<Load extends SomeLoad>({ programs, works, target, timesAs, options }: TimedBench<Load>): Promise<void> {
  const { seconds, rounds, streams, only } = options
  const sides = await startHttpsSides(join(programs, 'target.ts'))
  const { contenders } = sides
  const results: WorkResult[] = []
  const times: { title: string; rows: readonly Times[] }[] = []
  const memory: { contender: string; idle: number; open: number }[] = []

  function run({ server, ca, token }: HttpContender, load: SomeLoad, opened?: () => void): Promise<TimedDone> {
    return runLoadOf(join(programs, 'load.ts'), { server, ca, token, ...load }, sides.folder, opened)
  }

  async function measure({ title, load, compared }: TimedWork<Load>): Promise<void> {
    const samples = await inRounds(contenders, rounds, (contender) =>
      withCpu(contender, [sides.targetPid], async () => {
        const { count, seconds: took, p50, p99 } = await run(contender, load)
        return { rate: count / took, count, latency: p50, p50, p99 }
      }),
    )
    if (compared.includes('rates')) {
      const summaries = [...samples].map(([{ name }, taken]) => summarise(name, taken))
      results.push({ title, unit: 'requests/s', summaries })
      console.log(tableOf(title, 'requests/s', summaries, ['nginx', 'direct']))
    }
    if (compared.includes('times')) {
      const rows = [...samples].map(([{ name }, taken]) => {
        return { contender: name, p50: median(taken.map(({ p50 }) => p50)), p99: median(taken.map(({ p99 }) => p99)) }
      })
      times.push({ title, rows })
      if (!compared.includes('rates')) console.log(`### ${title}\n`)
      console.log(timesTable(rows))
    }
  }

  async function measureMemory(contender: HttpContender): Promise<void> {
    if (contender.pids.length === 0) return
    const idle = memoryOf(contender.pids)
    let open = idle
    await run(contender, { work: 'open', connections: streams, seconds: 2 }, () => {
      open = memoryOf(contender.pids)
    })
    memory.push({ contender: contender.name, idle, open })
  }

  try {
    const masks = [{ name: 'people', detect: ['email', 'card', 'iban', 'phone'], as: 'redact' }]
    await sides.addGateway('Gatescribe', target)
    await sides.addGateway('Gatescribe, masks', { ...target, masks })
    // What has not run yet is slower than it ever is again.
    for (const contender of contenders) await run(contender, { work: 'call', connections: 8, seconds: Math.min(seconds, 3) })
    for (const work of works) if (work.title.includes(only)) await measure(work)
    if ('open'.includes(only)) for (const contender of contenders) await measureMemory(contender)
    for (const { contender, idle, open } of memory) {
      const each = ((open - idle) * 1024) / streams
      console.log(`${contender}: ${idle.toFixed(0)} MB, with ${streams} open streams ${open.toFixed(0)} MB, ${each.toFixed(0)} KiB each`)
    }
    const found = { options: { seconds, rounds }, results, [timesAs]: times, memory }
    writeResults(options.out, found, ['Gatescribe', 'Gatescribe, masks'])
  } finally {
    await sides.stop()
  }
}

function timesTable(rows: readonly Times[]): string {
  const direct = rows.find(({ contender }) => contender === 'direct')?.p50 ?? Number.NaN
  const lines = rows.map(
    ({ contender, p50, p99 }) => `| ${contender} | ${p50.toFixed(3)} | ${(p50 - direct).toFixed(3)} | ${p99.toFixed(3)} |`,
  )
  return ['| | p50 ms | added p50 ms | p99 ms |', '| --- | ---: | ---: | ---: |', ...lines, ''].join('\n')
}
