/** One parameter of a statement, as a client bound it. */
export interface BoundParameter {
  readonly format: 'text' | 'binary'
  /** Undefined is NULL. */
  readonly value: Uint8Array | undefined
}

/**
 * What stands behind the names in a Bind: formats, values, formats of the results (PostgreSQL protocol 55.7).
 * @returns undefined where it does not have that form to its last byte
 */
export function boundParameters(content: Uint8Array): readonly BoundParameter[] | undefined {
  const bytes = new DataView(content.buffer, content.byteOffset, content.byteLength)
  let at = 0
  const read = (length: 2 | 4): number => {
    if (at + length > content.byteLength) throw new RangeError('cut off')
    const value = length === 2 ? bytes.getInt16(at) : bytes.getInt32(at)
    at += length
    return value
  }
  const list = <T>(item: () => T): T[] => {
    const count = read(2) & 0xffff
    // Each takes at least two bytes, so a count that is made up ends here.
    if (count * 2 > content.byteLength - at) throw new RangeError('cut off')
    return Array.from({ length: count }, item)
  }
  const formatOf = (): BoundParameter['format'] => {
    const format = read(2)
    if (format !== 0 && format !== 1) throw new RangeError('no format')
    return format === 0 ? 'text' : 'binary'
  }
  try {
    const formats = list(formatOf)
    const values = list(() => {
      const length = read(4)
      if (length === -1) return undefined
      if (length < 0 || at + length > content.byteLength) throw new RangeError('cut off')
      at += length
      return content.subarray(at - length, at)
    })
    list(formatOf)
    // One format is for all of them, none is text.
    if (at !== content.byteLength || (formats.length > 1 && formats.length !== values.length)) return undefined
    return values.map((value, place) => ({ format: (formats.length === 1 ? formats[0] : formats[place]) ?? 'text', value }))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
