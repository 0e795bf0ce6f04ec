import { type FileHandle, open } from 'node:fs/promises'
import { PAYLOAD_HEADER_BYTES } from './record.ts'

/** Of a key, as it stands in a record. */
const ID_BYTES = 8
/** Read, and looked at, before others have their turn. */
const WINDOW_BYTES = 256 * 1024
/** The first bytes of an id, by which nearly every place that is none is passed over. */
const PREFIX_BITS = 24
const ZEROS = Buffer.alloc(WINDOW_BYTES)

interface Range {
  readonly start: number
  readonly end: number
}

/** Ids of payload keys, to be recognised at any place of a file without looking at each of them there. */
export class SoughtKeys {
  readonly #ids: ReadonlySet<bigint>
  readonly #prefixes = new Uint8Array(2 ** PREFIX_BITS / 8)

  /** @param keys 16 hexadecimal digits each */
  constructor(keys: readonly string[]) {
    this.#ids = new Set(keys.map((key) => BigInt(`0x${key}`)))
    for (const key of keys) {
      const prefix = Number.parseInt(key.slice(0, PREFIX_BITS / 4), 16)
      this.#prefixes[prefix >>> 3] = (this.#prefixes[prefix >>> 3] as number) | (1 << (prefix & 7))
    }
  }

  /** @returns where ids stand whose header is whole, before `end` */
  *in(bytes: Buffer, end: number): Generator<number> {
    let prefix = bytes.byteLength < 2 ? 0 : bytes.readUInt16BE(0)
    for (let at = 0; at < end; at++) {
      prefix = ((prefix << 8) | (bytes[at + 2] as number)) & 0xff_ffff
      if (((this.#prefixes[prefix >>> 3] as number) & (1 << (prefix & 7))) === 0) continue
      if (this.#ids.has(bytes.readBigUInt64BE(at))) yield at
    }
  }
}

/**
 * Overwrites what keys sealed in a segment, wherever the id of one stands before a length and a ciphertext, whether the batch around it is whole or
 * not. Durable when it resolves; others have their turn all the while.
 */
export async function eraseInSegment(path: string, keys: SoughtKeys): Promise<void> {
  const file = await open(path, 'r+')
  try {
    // All of it is found before any of it is overwritten: what one ciphertext holds by chance must not hide what comes behind.
    const ranges = await sealedRanges(file, keys)
    for (const { start, end } of ranges)
      for (let at = start; at < end; at += ZEROS.byteLength) await file.write(ZEROS, 0, Math.min(ZEROS.byteLength, end - at), at)
    if (ranges.length > 0) await file.sync()
  } finally {
    await file.close()
  }
}

async function sealedRanges(file: FileHandle, keys: SoughtKeys): Promise<readonly Range[]> {
  const { size } = await file.stat()
  const found: Range[] = []
  // Windows overlap by a header, so that none is cut.
  const window = Buffer.alloc(WINDOW_BYTES + PAYLOAD_HEADER_BYTES - 1)
  for (let from = 0; from + PAYLOAD_HEADER_BYTES <= size; from += WINDOW_BYTES) {
    const { bytesRead } = await file.read(window, 0, window.byteLength, from)
    const bytes = window.subarray(0, bytesRead)
    for (const at of keys.in(bytes, Math.min(WINDOW_BYTES, bytesRead - PAYLOAD_HEADER_BYTES + 1))) {
      const start = from + at + PAYLOAD_HEADER_BYTES
      found.push({ start, end: Math.min(size, start + bytes.readUInt32BE(at + ID_BYTES)) })
    }
  }
  return found
}
