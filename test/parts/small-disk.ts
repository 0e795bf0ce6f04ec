import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  /** An empty folder on it. */
  readonly folder: string
  /** Takes away what fills the disk, as an operator would. */
  makeRoom(): void
  unmount(): void
}

/** All of the disk; most of it is taken until `makeRoom`. */
const TOTAL_MIB = 512

/**
 * A file system of its own, on a file: the gateway refuses one in memory.
 * @param freeMib how much room is on it at first
 * @returns undefined where it cannot be mounted: that takes root on Linux, and a loop device
 */
export function mountSmallDisk(freeMib: number): SmallDisk | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const home = mkdtempSync(join(tmpdir(), 'gatescribe-disk-'))
  const [image, point] = [join(home, 'image'), join(home, 'mounted')]
  const unmount = () => {
    spawnSync('umount', ['-l', point])
    rmSync(home, { recursive: true, force: true })
  }
  mkdirSync(point)
  writeFileSync(image, '')
  truncateSync(image, TOTAL_MIB * 2 ** 20)
  const made = [
    ['mkfs.ext4', '-q', '-m', '0', '-O', '^has_journal', image],
    ['mount', '-o', 'loop', image, point],
  ].every(([program, ...words]) => spawnSync(program as string, words).status === 0)
  if (!made) {
    unmount()
    return undefined
  }
  const ballast = join(point, 'ballast')
  const { bavail, bsize } = statfsSync(point)
  const taken = Math.floor((bavail * bsize) / 2 ** 20) - freeMib
  if (spawnSync('fallocate', ['-l', `${taken}MiB`, ballast]).status !== 0) {
    unmount()
    return undefined
  }
  const folder = join(point, 'data')
  mkdirSync(folder, { mode: 0o700 })
  return { folder, makeRoom: () => rmSync(ballast), unmount }
}
