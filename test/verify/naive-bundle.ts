import type { NaivePayload } from './naive-entries.ts'
import { type NaiveLog, naivePath } from './naive-log.ts'

/** Members of a bundle, in their order. */
export type Members = readonly (readonly [name: string, content: Buffer])[]

/** POSIX ustar, for short names and plain files. */
export function tar(members: Members): Buffer {
  const blocks = members.flatMap(([name, content]) => [
    tarHeader(name, content.byteLength),
    content,
    Buffer.alloc(-content.byteLength & 511),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export function tarHeader(name: string, size: number, type = '0'): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0, 100, 'latin1')
  header.write('0000600\x000000000\x000000000\0', 100, 'latin1')
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  header.write('14720000000\0', 136, 'latin1')
  header.write(`        ${type}`, 148, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

export interface BundleOptions {
  readonly scope?: object
  readonly payloads?: readonly NaivePayload[]
  /** Replaces fields of bundle.json. */
  readonly says?: object
  readonly checkpoint?: string
}

/** What `trail export` writes, for entries with these indexes. */
export function bundleMembers(log: NaiveLog, indexes: readonly number[], options: BundleOptions = {}): Members {
  const { size } = log
  const [first, end] = [indexes[0] ?? 0, (indexes.at(-1) ?? -1) + 1]
  const range = end - first === indexes.length ? [first, end] : null
  const says = {
    gatescribe: 'trail-bundle',
    version: 1,
    origin: log.key.name,
    scope: options.scope ?? { range },
    size,
    entries: indexes.length,
    range,
    ...options.says,
  }
  const tiles = new Map<string, Buffer>()
  const width = (level: number, n: number) => Math.min(256, Math.floor(size / 256 ** level) - n * 256)
  const add = (level: number, n: number) => {
    if (width(level, n) > 0) tiles.set(naivePath(level, n, width(level, n)), log.tree.tile(level, n, size))
  }
  for (const at of [...indexes, size - 1])
    for (let level = 0; 256 ** level <= size; level++) add(level, Math.floor(at / 256 ** (level + 1)))
  for (let level = 0; 256 ** level <= size; level++) add(level, Math.floor(size / 256 ** (level + 1)))
  const lines = indexes.map((index) => Buffer.concat([Buffer.from(`${index} `), log.entries[index] as Buffer, Buffer.from('\n')]))
  const payloads = options.payloads
    ?.filter(({ entry }) => indexes.includes(entry))
    .map(
      ({ entry, name, salt, content }) =>
        `${JSON.stringify({ entry, name, salt: salt.toString('base64url'), content: content.toString('base64') })}\n`,
    )
  return [
    ['bundle.json', Buffer.from(JSON.stringify(says))],
    ['checkpoint', Buffer.from(options.checkpoint ?? log.checkpoint())],
    ...[...tiles].sort(([a], [b]) => (a < b ? -1 : 1)),
    ['entries', Buffer.concat(lines)],
    ...(payloads ? ([['payloads', Buffer.from(payloads.join(''))]] as const) : []),
  ]
}
