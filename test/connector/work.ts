import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type DatabaseError } from 'pg'
import type { World } from './world.ts'

/** How a session ended that was not asked to. */
export interface Ending {
  /** SQLSTATE, or what Node calls it where the connection broke without a word. */
  readonly code: string | undefined
  /** Of ours, as the error's detail has it. */
  readonly ours: string | undefined
  readonly message: string
  /** On the clock of performance.now(). */
  readonly at: number
  /** A log-in that was refused, rather than a session that had begun. */
  readonly atLogin: boolean
}

/** Clients that each insert one row after the other, none twice, and open a new session where one ends. */
export interface Work {
  /** Names of the rows whose insert was answered. */
  readonly acknowledged: readonly string[]
  /** Of sessions that ended without having been asked to. */
  readonly endings: readonly Ending[]
  /** When sessions became ready, on the clock of performance.now(). */
  readonly opened: readonly number[]
  /** The longest time between a statement or a log-in and what became of it, ms. */
  readonly slowest: number
  /** Sessions that are open now. */
  open(): number
  /** Waits until something was inserted by each client in a session that began after now. @throws after `patience` ms. @returns ms */
  all(patience: number): Promise<number>
  /** Lets every client finish what it does and leave. @throws where one hangs for longer than `patience` ms */
  stop(patience?: number): Promise<void>
}

/** Until a client that heard nothing counts as hanging, ms: longer than any end may take. */
const HANGS_MS = 20_000

export interface WorkOptions {
  readonly clients: number
  /** Begins every row's name. */
  readonly mark: string
  /** Pause after each statement, ms. */
  readonly pause?: number
}

export async function startWork(world: World, { clients, mark, pause = 3 }: WorkOptions): Promise<Work> {
  const job = await world.gateway.credential()
  const acknowledged: string[] = []
  const endings: Ending[] = []
  const opened: number[] = []
  /** By client: rows that were acknowledged since it was last asked, or undefined where nobody asked. */
  const done = new Array<number>(clients).fill(0)
  let stopping = false
  let open = 0
  let slowest = 0

  async function timed<Result>(doing: Promise<Result>): Promise<Result> {
    const began = performance.now()
    const late = sleep(HANGS_MS, undefined, { ref: false }).then(() => {
      throw Object.assign(new Error(`nothing came for ${HANGS_MS} ms`), { code: 'HANGS' })
    })
    try {
      return await Promise.race([doing, late])
    } finally {
      slowest = Math.max(slowest, performance.now() - began)
    }
  }

  function ended(error: unknown, atLogin: boolean): void {
    const { code, message, detail } = error as DatabaseError
    endings.push({ code, message, ours: /GS_[A-Z_]+/.exec(`${detail} ${message}`)?.[0], at: performance.now(), atLogin })
  }

  async function session(number: number): Promise<void> {
    const client = new Client(world.clientOf(job))
    // What a FATAL says while no statement is under way; the next statement would hear of a closed connection alone.
    let fatal: Error | undefined
    client.on('error', (error) => {
      fatal ??= error
    })
    let atLogin = true
    try {
      await timed(client.connect())
      atLogin = false
      open += 1
      opened.push(performance.now())
      for (let row = 0; !stopping; row += 1) {
        const name = `${mark}-${number}-${opened.length}-${row}`
        // In the simple protocol and in the extended one.
        const insert = `INSERT INTO work VALUES ('${name}', `
        await timed(number % 2 === 0 ? client.query(`${insert}${row})`) : client.query(`${insert}$1)`, [row]))
        acknowledged.push(name)
        done[number]! += 1
        if (pause > 0) await sleep(pause)
      }
      await timed(client.end())
    } catch (error) {
      ended((error as DatabaseError).code === 'HANGS' ? error : (fatal ?? error), atLogin)
      client.end().catch(() => undefined)
    } finally {
      if (!atLogin) open -= 1
    }
  }

  const running = Array.from({ length: clients }, async (_, number) => {
    while (!stopping) {
      await session(number)
      if (!stopping) await sleep(50)
    }
  })
  const over = Promise.all(running)
  return {
    ...{ acknowledged, endings, opened },
    get slowest() {
      return slowest
    },
    open: () => open,
    async all(patience) {
      const began = performance.now()
      done.fill(0)
      while (done.some((count) => count === 0)) {
        if (performance.now() - began > patience)
          throw new Error(`${done.filter((n) => n === 0).length} clients did nothing within ${patience} ms`)
        await sleep(10)
      }
      return performance.now() - began
    },
    async stop(patience = HANGS_MS + 5_000) {
      stopping = true
      const late = sleep(patience, undefined, { ref: false }).then(() => {
        throw new Error('a client hangs')
      })
      await Promise.race([over, late])
    },
  }
}
