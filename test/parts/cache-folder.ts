import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where tests of this user keep what is the same every time: outside the work tree, and not below anybody's home, where the user that runs servers could not reach it. */
export function cacheFolder(): string {
  const folder = join(tmpdir(), `gatescribe-parts-${process.getuid?.() ?? 'user'}`)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return folder
}
