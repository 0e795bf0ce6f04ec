import { WireError } from '../wire/errors.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import { CellMasking } from './cell-masking.ts'
import type { MaskPlan, RowMasking } from './types.ts'

const DATA_ROW = 0x44 // 'D'
/** Rows are written one behind the other into pieces of memory of this size, so that neighbours can be sent as one. Bytes. */
const SLAB = 64 * 1024

/** @param key of the operator `hash`; without it, it shows nothing */
export function rowMasker(plan: MaskPlan, key: Uint8Array | undefined): RowMasking {
  const cells = new CellMasking(plan, key)
  let slab = Buffer.allocUnsafeSlow(0)
  let used = 0

  /** Room for one row. What was handed out stays whoever's it is. */
  const room = (bytes: number): Buffer => {
    if (bytes > SLAB) return Buffer.allocUnsafeSlow(bytes)
    if (slab.length - used < bytes) {
      slab = Buffer.allocUnsafeSlow(SLAB)
      used = 0
    }
    used += bytes
    return slab.subarray(used - bytes, used)
  }

  return {
    row(message, start, end) {
      const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
      const body = start + HEADER_BYTES
      if (end - body < 2 || bytes.readUInt16BE(body) !== cells.width) throw malformed()
      /** What was replaced: where its length word stands, where it ends, what by. */
      const replaced: { readonly from: number; readonly to: number; readonly content: Uint8Array | null }[] = []
      let size = end - start
      let at = body + 2
      for (let column = 0; column < cells.width; column++) {
        if (end - at < 4) throw malformed()
        const length = bytes.readInt32BE(at)
        const from = at
        at += 4
        if (length === -1) {
          const content = cells.maskNull(column)
          if (content === null) continue
          size += content.length
          replaced.push({ from, to: at, content })
          continue
        }
        if (length < 0 || length > end - at) throw malformed()
        at += length
        if (!cells.concerns(column)) continue
        const content = cells.mask(column, bytes.subarray(at - length, at))
        if (content === 'unchanged') continue
        size += (content?.length ?? 0) - length
        replaced.push({ from, to: at, content })
      }
      if (at !== end) throw malformed()
      const row = room(size)
      row[0] = DATA_ROW
      row.writeUInt32BE(size - 1, 1)
      let written = HEADER_BYTES
      let next = body
      for (const { from, to, content } of replaced) {
        written += bytes.copy(row, written, next, from)
        written = row.writeInt32BE(content === null ? -1 : content.length, written)
        if (content) {
          row.set(content, written)
          written += content.length
        }
        next = to
      }
      bytes.copy(row, written, next, end)
      return row
    },
    counts: () => cells.counts(),
  }
}

const malformed = () => new WireError('A DataRow message is not well-formed.')
