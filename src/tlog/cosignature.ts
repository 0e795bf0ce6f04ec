const TIME_BYTES = 8
const SIGNATURE_BYTES = 64
const MAX_TIME = 2n ** 63n - 1n

/** What a witness signs: that at `time` (POSIX seconds) this checkpoint was the largest it saw (c2sp.org/tlog-cosignature). */
export function cosignedMessage(text: string, time: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`)
}

/** `timestamped_signature` of c2sp.org/tlog-cosignature: the time, big-endian, then the signature. */
export function joinCosignature(time: bigint, signature: Uint8Array): Buffer {
  const joined = Buffer.alloc(TIME_BYTES + SIGNATURE_BYTES)
  joined.writeBigUInt64BE(time)
  joined.set(signature, TIME_BYTES)
  return joined
}

/** The two parts of a cosignature, or undefined where it has another length or a time beyond 2^63 - 1. */
export function splitCosignature(bytes: Uint8Array): { readonly time: bigint; readonly signature: Buffer } | undefined {
  if (bytes.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined
  const joined = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const time = joined.readBigUInt64BE()
  return time > MAX_TIME ? undefined : { time, signature: joined.subarray(TIME_BYTES) }
}

/** When a witness says that it cosigned, in POSIX seconds; undefined where these are not the bytes of a cosignature. */
export function cosignatureTime(signature: Uint8Array): number | undefined {
  const time = splitCosignature(signature)?.time
  return time === undefined ? undefined : Number(time)
}
