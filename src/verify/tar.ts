import { type Region, readRegion } from './files.ts'
import { Unusable } from './verdict.ts'

const BLOCK = 512
const MAX_MEMBERS = 1 << 20
/** Two blocks of zeros end an archive; some writers fill up 10 KiB. */
const MAX_END = 20_480

/**
 * Where the members of a POSIX ustar archive stand: plain files with names of at most 100 bytes, and nothing else.
 * @throws Unusable where a byte outside of their content is not as it must be, a name comes twice, or anything is cut off
 */
export function readTar({ fd, length: size }: Region): ReadonlyMap<string, Region> {
  const members = new Map<string, Region>()
  const read = (at: number, end: number) => readRegion({ fd, at, length: Math.max(0, Math.min(end, size) - at) }, MAX_END)
  let at = 0
  for (let header = read(at, BLOCK); !isZero(header); header = read(at, at + BLOCK)) {
    const text = header.toString('latin1')
    const [name = '', length] = [/^[!-~]+(?=\0*$)/.exec(text.slice(0, 100))?.[0], Number.parseInt(text.slice(124, 135), 8)]
    const end = at + BLOCK + length
    const isWhole = /^[0-7]{11}\0$/.test(text.slice(124, 136)) && end <= size && isZero(read(end, Math.ceil(end / BLOCK) * BLOCK))
    // pax, "ustar Interchange Format": the sum of the header with spaces in the place of the sum.
    const sum = [...header].reduce((sum, byte, at) => sum + (at < 148 || at > 155 ? byte : 32), 0)
    const isPlain = text.slice(156, 157) === '0' && text.slice(257, 265) === 'ustar\x0000' && isZero(header.subarray(345, 500))
    if (!isPlain || text.slice(148, 156) !== `${sum.toString(8).padStart(6, '0')}\0 `) throw new Unusable('not an archive of plain files')
    if (name === '' || !isWhole || members.has(name) || members.size === MAX_MEMBERS) {
      throw new Unusable(`in the archive, ${name} is cut off, comes twice, or is one too many`)
    }
    members.set(name, { fd, at: at + BLOCK, length })
    at = Math.ceil(end / BLOCK) * BLOCK
  }
  if (size - at < 2 * BLOCK || !isZero(read(at, size))) throw new Unusable('an archive is cut off, or something stands behind it')
  return members
}

const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0)
