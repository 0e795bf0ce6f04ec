import { spawn } from 'node:child_process'
import { chownSync, mkdtempSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from './account.ts'

/** A folder of one process. */
export interface Home {
  readonly path: string
  /** @throws where something of it stays */
  remove(): Promise<void>
}

/** @param account whose it is; undefined: of this process. @throws where it cannot be made */
export function makeHome(homes: string, account: Account | undefined): Home {
  const path = mkdtempSync(join(homes, 'gatescribe-mcp-'))
  if (account) chownSync(path, account.uid, account.gid)
  return { path, remove: () => (account ? removeAs(path, account) : rm(path, { recursive: true, force: true })) }
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
