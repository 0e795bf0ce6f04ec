import { readdirSync, readFileSync } from 'node:fs'

/** `getconf CLK_TCK` is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Fields of proc_pid_stat(5), counted from 1. */
const PARENT = 4
const USER_TIME = 14
const CHILDREN_SYSTEM_TIME = 17

/**
 * CPU seconds, user and system, that processes have used so far: with their living descendants, and with those that
 * have ended and been waited for.
 */
export function cpuSeconds(roots: readonly number[]): number {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => statOf(Number(name))),
  )
  let ticks = 0
  for (const [pid, fields] of all) {
    if (!descends(pid, roots, all)) continue
    for (let field = USER_TIME; field <= CHILDREN_SYSTEM_TIME; field += 1) ticks += Number(fields[field])
  }
  return ticks / TICKS_PER_SECOND
}

/** CPU seconds of all children of this process that have ended: the load generators. */
export function cpuSecondsOfEndedChildren(): number {
  const [[, fields]] = statOf(process.pid) as [[number, string[]]]
  return (Number(fields[CHILDREN_SYSTEM_TIME - 1]) + Number(fields[CHILDREN_SYSTEM_TIME])) / TICKS_PER_SECOND
}

function descends(pid: number, roots: readonly number[], all: ReadonlyMap<number, string[]>): boolean {
  for (let at: number | undefined = pid; at; at = Number(all.get(at)?.[PARENT] ?? 0)) if (roots.includes(at)) return true
  return false
}

function statOf(pid: number): [number, string[]][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold spaces; what follows it starts with field 3.
    return [[pid, ['', '', '', ...stat.slice(stat.lastIndexOf(')') + 2).split(' ')]]]
  } catch {
    return [] // It ended meanwhile.
  }
}
