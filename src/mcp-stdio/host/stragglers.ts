import { readdir, readFile, readlink, stat } from 'node:fs/promises'

/** Whoever is killed may have started another one meanwhile. */
const ROUNDS = 5

/**
 * Kills what a process left behind outside of its group (setsid): on Linux, whatever has its home for HOME, or for the folder that it is in. What took
 * another environment and another folder too is not found.
 * @param home folder that is nobody else's. @param uid whose processes they are
 */
export async function killStragglers(home: string, uid: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await stragglersOf(home, uid)
    if (found.length === 0) return
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It is gone.
      }
    }
  }
}

async function stragglersOf(home: string, uid: number): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const belong = await Promise.all(pids.map((pid) => pid !== process.pid && belongs(pid, home, uid)))
  return pids.filter((_, at) => belong[at])
}

async function belongs(pid: number, home: string, uid: number): Promise<boolean> {
  const owner = await stat(`/proc/${pid}`).catch(() => undefined)
  if (owner?.uid !== uid) return false
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  if (environment.split('\0').includes(`HOME=${home}`)) return true
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  return folder === home || folder.startsWith(`${home}/`)
}
