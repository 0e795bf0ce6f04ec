import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const PIECE = 8 << 20

/** How often the writable memory of a process holds these bytes. Only root may look. */
export function countInMemory(pid: number, needle: string): number {
  const wanted = Buffer.from(needle)
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const piece = Buffer.alloc(PIECE + wanted.length)
  let count = 0
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      if (from === undefined || to === undefined) continue
      const end = Number.parseInt(to, 16)
      for (let at = Number.parseInt(from, 16); at < end; at += PIECE) {
        count += occurrences(piece.subarray(0, read(memory, piece, Math.min(piece.length, end - at), at)), wanted)
      }
    }
  } finally {
    closeSync(memory)
  }
  return count
}

/** @returns 0 where that part is gone meanwhile, or cannot be read */
function read(memory: number, into: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, into, 0, length, at)
  } catch {
    return 0
  }
}

function occurrences(bytes: Buffer, wanted: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) count += 1
  return count
}
