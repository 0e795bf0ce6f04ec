import { StreamError } from './errors.ts'
import { Inflater } from './inflate.ts'

/** Of a block, out of its compression. Bytes. */
const LONGEST_BLOCK = 64 * 1024
const MOST_HEADERS = 64
/** RFC 1950: deflate with a window of 32 KiB and a dictionary; the check of the one that SPDY/3 has. */
const DEFLATE = 8
const DICTIONARY_FLAG = 0x20
const DICTIONARY_CHECK = 0xe3c6a7c2
const ZLIB_HEADER_BYTES = 6

/** Name → value; several values of one name are separated by NUL. */
export type SpdyHeaders = ReadonlyMap<string, string>

/** Reads the header blocks of one direction (SPDY/3, 2.6.10): one compressed stream for all of them. */
export class HeaderBlocks {
  readonly #inflater = new Inflater(DICTIONARY)
  #begun = false

  /** @throws StreamError GS_K8S_SPDY, GS_K8S_STREAM_LIMIT */
  read(compressed: Uint8Array): SpdyHeaders {
    const from = this.#begun ? 0 : this.#begin(compressed)
    return headersOf(this.#inflater.inflate(compressed.subarray(from), LONGEST_BLOCK))
  }

  #begin(compressed: Uint8Array): number {
    const [method = 0, flags = 0] = compressed
    const bytes = bufferOf(compressed)
    const isZlib = bytes.length >= ZLIB_HEADER_BYTES && (method & 0x0f) === DEFLATE && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0
    if (!isZlib || (flags & DICTIONARY_FLAG) === 0 || bytes.readUInt32BE(2) !== DICTIONARY_CHECK)
      throw broken('headers are not compressed as SPDY/3 compresses them')
    this.#begun = true
    return ZLIB_HEADER_BYTES
  }
}

/** A number of pairs, and lengths before each name and value. Whatever stands behind them would be taken by some readers for the next block. */
function headersOf(block: Uint8Array): SpdyHeaders {
  const bytes = bufferOf(block)
  let at = 0
  const number = () => {
    if (at + 4 > bytes.length) throw broken('a block of headers is cut off')
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const text = () => {
    const length = number()
    if (length > bytes.length - at) throw broken('a block of headers is cut off')
    at += length
    return bytes.toString('latin1', at - length, at)
  }
  const count = number()
  if (count > MOST_HEADERS) throw new StreamError('GS_K8S_STREAM_LIMIT', 'a stream has more headers than are read')
  const headers = new Map<string, string>()
  for (let left = count; left > 0; left--) {
    const name = text()
    if (name === '' || name !== name.toLowerCase() || headers.has(name))
      throw broken('a header has no name, one in upper case, or one that was there')
    headers.set(name, text())
  }
  if (at !== bytes.length) throw broken('something stands behind a block of headers')
  return headers
}

/** 2.6.10.1: names and values that are common, each behind its length; then what needs none. */
const COMMON =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status'
const COMMON_BEHIND = ['200 OK', 'version', 'HTTP/1.1', 'url', 'public', 'set-cookie', 'keep-alive', 'origin']
const REST = [
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505',
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable',
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT',
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=',
  'gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.',
]

export const DICTIONARY: Uint8Array = Buffer.concat([
  ...[...COMMON.split(' '), ...COMMON_BEHIND].map((text) => {
    const entry = Buffer.alloc(4 + text.length)
    entry.writeUInt32BE(text.length, 0)
    entry.write(text, 4, 'latin1')
    return entry
  }),
  Buffer.from(REST.join(''), 'latin1'),
])

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function broken(reason: string): StreamError {
  return new StreamError('GS_K8S_SPDY', reason)
}
