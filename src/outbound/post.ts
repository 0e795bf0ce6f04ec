import { type IncomingMessage, type RequestOptions, request as requestPlainly } from 'node:http'
import { request as requestSecurely } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** Limits of a request to somebody outside, who may be slow, large or taken over. */
const TIMEOUT_MS = 10_000
const LARGEST = 64 * 1024
/** Interim answers (1xx) that are passed over. */
const MOST_INTERIM = 8

export interface Posted {
  readonly status: number
  /** How long it wants to be left alone, ms; where it said so. */
  readonly retryAfter: number | undefined
  /** The first 64 KiB. */
  readonly body: Buffer
  /** Version of TLS, such as `TLSv1.3`; undefined over plain HTTP. */
  readonly tls: string | undefined
}

export interface Post {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  readonly signal: AbortSignal
  /** PEM to verify the certificate with; what Node trusts where it is absent. */
  readonly ca?: string | undefined
  /** For all of it, ms; default 10 s. */
  readonly timeout?: number
}

/** Why there is no answer: nobody there, a certificate or handshake that is none, none within the time, or one that broke off. */
export type Unanswered = 'unreachable' | 'tls' | 'silent' | 'cut'

const SENTENCES: Readonly<Record<Unanswered, string>> = {
  unreachable: 'nobody can be reached there',
  tls: 'its certificate cannot be verified, or it speaks no TLS that we do',
  silent: 'nobody answered in time',
  cut: 'the connection was cut',
}

/** There is no answer. Holds nothing of address, request or answer. */
export class PostError extends Error {
  readonly why: Unanswered

  constructor(why: Unanswered, cause?: unknown) {
    super(SENTENCES[why], { cause })
    this.why = why
  }
}

/**
 * POST, with an answer in bounded time and space. Follows no redirect: what is sent goes to the configured place or nowhere.
 * @throws PostError; whatever the signal aborts with
 */
export async function post(url: string, { headers, body, signal, ca, timeout = TIMEOUT_MS }: Post): Promise<Posted> {
  signal.throwIfAborted()
  const deadline = AbortSignal.timeout(timeout)
  try {
    return await exchange(new URL(url), { headers, body, signal: AbortSignal.any([signal, deadline]), ...(ca !== undefined && { ca }) })
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) throw new PostError('silent', error)
    throw error instanceof PostError ? error : new PostError(whyOf(error), error)
  }
}

function exchange(url: URL, { headers, body, signal, ca }: Post): Promise<Posted> {
  const bytes = Buffer.from(body)
  const options: RequestOptions = {
    method: 'POST',
    headers: { 'user-agent': 'gatescribe', ...headers, 'content-length': bytes.byteLength },
    signal,
  }
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      const { statusCode: status = 0, socket } = response
      const tls = 'getProtocol' in socket ? ((socket as TLSSocket).getProtocol() ?? undefined) : undefined
      const retryAfter = retryAfterOf(response.headers['retry-after'])
      start(response).then(
        (read) => resolve({ status, retryAfter, body: read, tls }),
        (error: unknown) => reject(new PostError('cut', error)),
      )
    }
    const request =
      url.protocol === 'https:'
        ? requestSecurely(url, { ...options, rejectUnauthorized: true, ...(ca !== undefined && { ca }) }, answered)
        : requestPlainly(url, options, answered)
    // It may fail once more after that.
    request.on('error', reject)
    // Who goes over to another protocol (RFC 9110 §15.2.2) ends HTTP: nothing else would be told of it, not even that the time is over.
    request.once('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new PostError('cut'))
    })
    let interim = 0
    request.on('information', () => {
      if (++interim > MOST_INTERIM) request.destroy(new PostError('cut'))
    })
    request.end(bytes)
  })
}

async function start(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop ends the rest.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size >= LARGEST) break
  }
  return Buffer.concat(chunks).subarray(0, LARGEST)
}

const TLS_CODES = /^(ERR_(SSL|TLS)|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA)/
const CUT_CODES = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'])

function whyOf(error: unknown): Unanswered {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return 'unreachable'
  if (TLS_CODES.test(code)) return 'tls'
  // A parser's complaint means that somebody is there who speaks something else.
  return CUT_CODES.has(code) || code.startsWith('HPE_') ? 'cut' : 'unreachable'
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterOf(said: string | undefined): number | undefined {
  if (said === undefined) return undefined
  if (/^\d{1,6}$/.test(said)) return Number(said) * 1_000
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(said) ? Date.parse(said) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}
