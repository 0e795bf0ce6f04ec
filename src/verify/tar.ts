import { type Region, readRegion } from './files.ts'
import { refuse } from './verdict.ts'

const BLOCK = 512
const MAX_MEMBERS = 1 << 20

/**
 * Where the members of a POSIX ustar archive stand: plain files with names of at most 100 bytes, and nothing else.
 * @throws Unusable where a byte outside of their content is not as it must be, a name comes twice, or anything is cut off
 */
export function readTar({ fd, length: size }: Region): ReadonlyMap<string, Region> {
  const members = new Map<string, Region>()
  const read = (at: number, end: number) => readRegion({ fd, at, length: end - at })
  let at = 0
  for (let header = read(at, BLOCK); !isZero(header); header = read(at, at + BLOCK)) {
    const part = (from: number, to: number) => header.toString('latin1', from, to)
    const [name, digits] = [part(0, 100).replace(/\0*$/, ''), part(124, 136)]
    // pax, "ustar Interchange Format": the sum of the header with spaces in the place of the sum.
    const sum = header.reduce((all, byte, place) => all + (place < 148 || place > 155 ? byte : 32), 0)
    const isWhole = part(148, 156) === `${sum.toString(8).padStart(6, '0')}\0 ` && /^[0-7]{11}\0$/.test(digits) && /^[!-~]+$/.test(name)
    const isPlain = part(156, 157) === '0' && part(257, 265) === 'ustar\x0000' && isZero(header.subarray(345, 500))
    if (!isWhole || !isPlain || members.has(name) || members.size === MAX_MEMBERS)
      refuse('not an archive of plain files, each of them once')
    const length = Number.parseInt(digits, 8)
    members.set(name, { fd, at: at + BLOCK, length })
    const end = at + BLOCK + length
    at = Math.ceil(end / BLOCK) * BLOCK
    if (!isZero(read(end, at))) refuse(`in the archive, something stands behind ${name}`)
  }
  if (size - at < 2 * BLOCK || !isZero(read(at, size))) refuse('an archive is cut off, or something stands behind it')
  return members
}

const isZero = (bytes: Buffer) => bytes.every((byte) => byte === 0)
