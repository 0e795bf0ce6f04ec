import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Finding, fail, ok, warn } from './finding.ts'

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
const LEAST_FREE = 1 << 30

/** Whether what is written to the data folder is still there after a power cut. @param folder `gateway.data`, which may not exist yet */
export async function* examineDurability(folder: string, statistics: typeof statfs = statfs): AsyncIterable<Finding> {
  const subject = 'durability'
  const { type, bavail, bsize } = await statistics(nearestExisting(folder))
  const known = FILE_SYSTEMS.get(type >>> 0)
  if (known?.level === 'fail') {
    yield fail(subject, `${folder} is on ${known.name}: the trail would be lost with the machine's memory.`, 'Put gateway.data on a disk.')
  } else if (known) {
    yield warn(
      subject,
      `${folder} is on ${known.name}.`,
      'Make sure that it outlives this machine or container and that O_DSYNC means what it says there.',
    )
  } else yield ok(subject, `${folder} is on a local file system.`)

  const free = bavail * bsize
  const gibibytes = `${(free / 2 ** 30).toFixed(1)} GiB`
  if (free < LEAST_FREE) yield warn('free space', `${gibibytes} are left for the trail.`, 'Make room: without it nothing is forwarded.')
  else yield ok('free space', `${gibibytes} are left for the trail.`)
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
}
