/** One WebSocket frame (RFC 6455 §5.2). @param mask the key, where it is a client's @param final whether the message ends with it */
export function webSocketFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array, final = true): Buffer {
  const { length } = payload
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const header = Buffer.alloc(2 + extended + (mask ? 4 : 0))
  header[0] = (final ? 0x80 : 0) | opcode
  header[1] = (mask ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) header.writeUInt16BE(length, 2)
  if (extended === 8) header.writeBigUInt64BE(BigInt(length), 2)
  if (!mask) return Buffer.concat([header, payload])
  header.set(mask, 2 + extended)
  return Buffer.concat([header, payload.map((byte, at) => byte ^ mask[at & 3]!)])
}

/** One SPDY/3 data frame (2.2.2). @param final whether the sender sends nothing more on the stream */
export function spdyData(stream: number, payload: Uint8Array, final: boolean): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(stream, 0)
  header[4] = final ? 1 : 0
  header.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([header, payload])
}

/** One SPDY/3 control frame (2.2.1). */
export function spdyControl(type: number, flags: number, content: Uint8Array, version = 3): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt16BE(0x8000 | version, 0)
  header.writeUInt16BE(type, 2)
  header[4] = flags
  header.writeUIntBE(content.length, 5, 3)
  return Buffer.concat([header, content])
}
