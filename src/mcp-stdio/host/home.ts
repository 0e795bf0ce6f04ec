import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, mkdtempSync } from 'node:fs'
import { lstat, readdir, rm, rmdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Account } from './account.ts'
import { killStragglers } from './stragglers.ts'

/** A folder of one process. */
export interface Home {
  readonly path: string
  /** @throws where something of it stays */
  remove(): Promise<void>
}

/** Which host made a home: the machine, or the container, that it runs in, and its process. */
const MACHINE = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
const MADE = /^gatescribe-mcp-([0-9a-f]{8})-(\d+)-[A-Za-z0-9]{6}$/

/** @param account whose it is; undefined: of this process. @throws where it cannot be made */
export function makeHome(homes: string, account: Account | undefined): Home {
  const path = mkdtempSync(join(homes, `gatescribe-mcp-${MACHINE}-${process.pid}-`))
  if (account) chownSync(path, account.uid, account.gid)
  return { path, remove: () => (account ? removeAs(path, account) : rm(path, { recursive: true, force: true })) }
}

/**
 * Ends what hosts that were killed left here: their servers, and the homes of those.
 * @returns how many homes there were
 */
export async function sweepHomes(homes: string, account: Account | undefined): Promise<number> {
  const uid = account?.uid ?? process.getuid?.() ?? -1
  let swept = 0
  for (const name of await readdir(homes)) {
    const [, machine, pid] = MADE.exec(name) ?? []
    if (machine !== MACHINE || isAlive(Number(pid))) continue
    const path = join(homes, name)
    const entry = await lstat(path).catch(() => undefined)
    if (!entry?.isDirectory() || entry.uid !== uid) continue
    await killStragglers(path, uid)
    await (account ? removeAs(path, account) : rm(path, { recursive: true, force: true }))
    swept++
  }
  return swept
}

/** Also where it is somebody else's. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * As the account that it belongs to: what a program left there may turn into a link while it is looked at, and root would follow it anywhere. The folder itself,
 * empty by then, stands where only the host may remove it.
 */
async function removeAs(path: string, { uid, gid }: Account): Promise<void> {
  const removing = spawn('rm', ['-rf', '--', path], { uid, gid, cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' })
  await new Promise<void>((resolve, reject) => removing.on('error', reject).on('close', () => resolve()))
  await rmdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
