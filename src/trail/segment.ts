/*
 * A segment of the write-ahead file: a header of 512 bytes, then batches, then zeros up to its size.
 * The header is text, so that a person can see what a file is, and every byte of it is checked:
 *   "gatescribe trail segment v1" LF origin LF instance LF number LF, then zeros.
 */
export const SEGMENT_HEADER_BYTES = 512

export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.wal`
}

/** @returns undefined where the name is no segment's */
export function segmentNumber(name: string): number | undefined {
  return /^\d{12}\.wal$/.test(name) ? Number(name.slice(0, 12)) : undefined
}

/** @throws RangeError where origin and instance do not fit */
export function segmentHeader(origin: string, instance: string, number: number): Buffer {
  const text = `gatescribe trail segment v1\n${origin}\n${instance}\n${number}\n`
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  if (Buffer.byteLength(text) > SEGMENT_HEADER_BYTES) throw new RangeError('origin and instance are too long for a segment header')
  header.write(text)
  return header
}
