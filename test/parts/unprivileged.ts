import { chownSync, lchownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** `nobody` on every Unix: servers that refuse to run as root are started as this user when the tests run as root. */
const NOBODY = 65_534

/** What to add to the options of `spawn` so that the child is not root; nothing when we are not root ourselves. */
export function asUnprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
}

/** Gives a folder and all that is in it to the user of {@link asUnprivileged}. */
export function giveToUnprivileged(folder: string): void {
  if (process.getuid?.() !== 0) return
  chownSync(folder, NOBODY, NOBODY)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) giveToUnprivileged(path)
    else lchownSync(path, NOBODY, NOBODY)
  }
}
