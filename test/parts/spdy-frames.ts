import { constants, createDeflate } from 'node:zlib'
import { spdyControl } from '../../src/protocols/kubernetes/wire/build.ts'
import { DICTIONARY } from '../../src/protocols/kubernetes/wire/spdy-headers.ts'

/** A header block of SPDY/3, not compressed. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(headers)
  return Buffer.concat([uint32(pairs.length), ...pairs.flat().flatMap((text) => [uint32(text.length), Buffer.from(text, 'latin1')])])
}

export function uint32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * at)
  return bytes
}

/** SYN_STREAM frames of one direction, in the order in which they are to be sent: zlib's own compression, one stream for all. */
export async function synStreams(
  streams: readonly { readonly id: number; readonly headers: Readonly<Record<string, string>>; readonly flags?: number }[],
): Promise<Buffer[]> {
  const deflate = createDeflate({ level: 9, dictionary: DICTIONARY })
  let chunks: Buffer[] = []
  deflate.on('data', (chunk: Buffer) => chunks.push(chunk))
  const frames: Buffer[] = []
  for (const { id, headers, flags = 0 } of streams) {
    deflate.write(headerBlock(headers))
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve))
    frames.push(spdyControl(1, flags, Buffer.concat([uint32(id, 0), Buffer.from([0, 0]), ...chunks])))
    chunks = []
  }
  deflate.close()
  return frames
}
