import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, fail, ok, warn } from './finding.ts'

/** What the data folder stands on; undefined for a local disk, as far as the kernel tells. */
export function fileSystemOf(type: number): { readonly name: string; readonly level: 'fail' | 'warn' } | undefined {
  // Signed in some builds of libuv.
  return FILE_SYSTEMS.get(type >>> 0)
}

/** `f_type` of statfs(2): where a promise of "durable" would be untrue, or needs a second look. */
const FILE_SYSTEMS: ReadonlyMap<number, { readonly name: string; readonly level: 'fail' | 'warn' }> = new Map([
  [0x01021994, { name: 'tmpfs', level: 'fail' }],
  [0x858458f6, { name: 'ramfs', level: 'fail' }],
  [0x794c7630, { name: 'overlayfs, the layer of a container', level: 'warn' }],
  [0x6969, { name: 'NFS', level: 'warn' }],
  [0xff534d42, { name: 'CIFS', level: 'warn' }],
  [0xfe534d42, { name: 'SMB', level: 'warn' }],
  [0x65735546, { name: 'FUSE', level: 'warn' }],
])

/** Whether what is written to the data folder is still there after a power cut. @param folder `gateway.data`, which may not exist yet */
export async function examineDurability(folder: string, statistics: typeof statfs = statfs): Promise<Finding> {
  const subject = 'durability'
  const { type } = await statistics(nearestExisting(folder))
  const known = fileSystemOf(type)
  if (!known) return ok(subject, `${folder} is on a local file system.`)
  if (known.level === 'fail') {
    return fail(subject, `${folder} is on ${known.name}: the trail would be lost with the machine's memory.`, 'Put gateway.data on a disk.')
  }
  const next = 'Make sure that it outlives this machine or container, and that O_DSYNC means there what it says.'
  return warn(subject, `${folder} is on ${known.name}.`, next)
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}
