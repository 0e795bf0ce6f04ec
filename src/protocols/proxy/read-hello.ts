import type { Duplex } from 'node:stream'
import { ProxyError, type ProxyErrorCode } from './errors.ts'
import { type Hello, readClientHello } from './wire/client-hello.ts'

/** Longest begin of a connection that is looked at, bytes: a ClientHello in the records that it may come in. */
const LONGEST = 40_000
/** Pieces that it may come in: each costs a look at all of them. */
const MOST_CHUNKS = 512

/**
 * Waits for the ClientHello and holds it against the name that the client asked for. Leaves the socket paused, with nothing listening.
 *
 * @param head bytes that came behind CONNECT @param host in lower case; of an address there is no server name
 * @returns everything that was read
 * @throws ProxyError GS_PROXY_NOT_TLS, GS_PROXY_SERVER_NAME, or the signal's reason; undefined where the client has left
 */
export function readHello(
  socket: Duplex,
  head: Uint8Array,
  { host, address, ms }: { readonly host: string; readonly address: boolean; readonly ms: number },
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.from(head)
    let chunks = 0
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      socket.off('data', more).off('end', left).off('close', left)
      socket.pause()
    }
    const fail = (error: unknown) => {
      end()
      reject(error)
    }
    const aborted = () => fail(signal.reason)
    const left = () => {
      end()
      resolve(undefined)
    }
    /** What stands against it, so far. */
    const against = (hello: Hello): ProxyErrorCode | undefined => {
      if (hello.is === 'unfinished') return bytes.length > LONGEST || chunks > MOST_CHUNKS ? 'GS_PROXY_NOT_TLS' : undefined
      if (hello.is === 'other') return 'GS_PROXY_NOT_TLS'
      const { serverName } = hello
      const named = serverName?.replace(/\.$/, '') === host || (address && serverName === undefined)
      return named && !hello.hidden ? undefined : 'GS_PROXY_SERVER_NAME'
    }
    const look = (): void => {
      const hello = readClientHello(bytes)
      const code = against(hello)
      if (code !== undefined) fail(new ProxyError(code))
      else if (hello.is === 'hello') {
        end()
        resolve(bytes)
      }
    }
    const more = (chunk: Buffer) => {
      chunks += 1
      bytes = Buffer.concat([bytes, chunk])
      look()
    }
    const timer = setTimeout(() => fail(new ProxyError('GS_PROXY_NOT_TLS', 'The begin of TLS did not come in time.')), ms)
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    socket.on('data', more).once('end', left).once('close', left)
    if (socket.destroyed) return left()
    if (bytes.length > 0) look()
    socket.resume()
    return undefined
  })
}
