import type { Duplex } from 'node:stream'
import { Client, type Dispatcher } from 'undici'
import type { HttpCredential, HttpSecret, TargetAddress } from '../../../operations/index.ts'
import { endToEnd } from '../headers.ts'
import type { HeaderPairs, HttpAsk, HttpTarget, Impersonated, Redactor, Upgraded, UpstreamAnswer, UpstreamRequest } from '../target.ts'
import type { Opener } from './connect.ts'
import { TargetError } from './errors.ts'
import { needlesOf } from './needles.ts'
import { Receiving, targetError } from './receive.ts'
import { cover, StreamRedactor } from './redactor.ts'
import { Upgrading } from './upgrading.ts'

/** A head may be as long as this, bytes. */
const LONGEST_HEAD = 65_536
/** A connection that nobody uses is closed after this; ms. Targets close theirs after 60 s and more. */
const IDLE_MS = 30_000
/** So many credentials of one session are looked for in answers: they are rotated while it lasts. */
const REMEMBERED = 4

/** What the target says itself, so that nobody else does. */
const OWN: ReadonlySet<string> = new Set(['host', 'content-length', 'expect'])

export interface TargetParts {
  readonly address: TargetAddress
  readonly secret: HttpSecret
  readonly ask: HttpAsk
  /** The same for the same client certificate, so that sessions of TLS can be resumed. */
  readonly connector: (credential: HttpCredential) => Opener
}

/** One session's own connections to a target; one request at a time goes over the first of them. */
export class ConnectedTarget implements HttpTarget {
  readonly base: string
  readonly #parts: TargetParts
  readonly #origin: string
  readonly #host: string
  #client: { readonly client: Client; readonly connector: Opener; credential: HttpCredential } | undefined
  readonly #upgrades = new Set<Client | Duplex>()
  /** Used in this session, the newest first. */
  readonly #credentials: HttpCredential[] = []
  #needles: readonly Uint8Array[] = []
  /** Bytes of the shortest of them. */
  #shortest = Number.POSITIVE_INFINITY
  #closed = false

  constructor(parts: TargetParts) {
    this.#parts = parts
    const { host, port, tls, basePath = '' } = parts.address
    const scheme = tls.verify === 'off' ? 'http' : 'https'
    const name = host.includes(':') ? `[${host}]` : host
    this.#host = port === (scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`
    this.#origin = `${scheme}://${this.#host}`
    this.base = this.#origin + basePath
  }

  async request(request: UpstreamRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const credential = await this.#credential(signal)
    const answer = await this.#send(request, credential, signal)
    if (answer.status !== 401 || isNobodys(credential)) return answer
    answer.body.destroy()
    this.#parts.secret.refused(credential)
    const fresh = await this.#credential(signal)
    // What the target did not let in has changed nothing there; but a body that has been read is gone.
    if (fresh === credential || (request.body !== undefined && !(request.body instanceof Uint8Array))) throw loginRefused()
    const again = await this.#send(request, fresh, signal)
    if (again.status !== 401) return again
    again.body.destroy()
    this.#parts.secret.refused(fresh)
    throw loginRefused()
  }

  async upgrade(request: UpstreamRequest, protocol: string, signal: AbortSignal): Promise<Upgraded | UpstreamAnswer> {
    const credential = await this.#credential(signal)
    const client = this.#newClient(credential)
    this.#upgrades.add(client)
    const receiving = new Upgrading(signal, request.interim)
    try {
      client.dispatch({ ...this.#options(request, credential), upgrade: protocol }, receiving)
      const answer = await receiving.answer
      if (!('socket' in answer)) {
        answer.body.once('close', () => this.#forget(client))
        if (answer.status !== 401 || isNobodys(credential)) return answer
        answer.body.destroy()
        this.#parts.secret.refused(credential)
        throw loginRefused()
      }
      // The connection is not the client's any more.
      this.#forget(client)
      if (this.#closed) answer.socket.destroy()
      this.#upgrades.add(answer.socket)
      answer.socket.once('close', () => this.#upgrades.delete(answer.socket))
      return answer
    } catch (error) {
      this.#forget(client)
      throw signal.aborted ? signal.reason : targetError(error)
    }
  }

  redactor(): Redactor {
    return new StreamRedactor(this.#needles)
  }

  redact(text: string): string {
    // Most values of headers are shorter than a credential.
    if (text.length < this.#shortest) return text
    return cover(Buffer.from(text, 'latin1'), this.#needles).toString('latin1')
  }

  close(): void {
    this.#closed = true
    this.#client?.client.destroy().catch(() => undefined)
    this.#client = undefined
    for (const each of [...this.#upgrades]) this.#forget(each)
  }

  async #credential(signal: AbortSignal): Promise<HttpCredential> {
    signal.throwIfAborted()
    const credential = await this.#parts.secret.current()
    signal.throwIfAborted()
    if (this.#closed) throw new TargetError('GS_HTTP_TARGET_CLOSED')
    if (this.#credentials[0] !== credential) {
      this.#credentials.unshift(credential)
      this.#credentials.length = Math.min(this.#credentials.length, REMEMBERED)
      this.#needles = this.#credentials.flatMap(needlesOf)
      this.#shortest = Math.min(...this.#needles.map(({ length }) => length))
    }
    return credential
  }

  /** RFC 9110 §9.2.2: what can be repeated is, once, where a connection that was idle turns out to be closed before anything came back. */
  async #send(request: UpstreamRequest, credential: HttpCredential, signal: AbortSignal): Promise<UpstreamAnswer> {
    const repeatable = (request.method === 'GET' || request.method === 'HEAD') && request.body === undefined
    for (let attempt = 1; ; attempt++) {
      const receiving = new Receiving(signal, request.interim)
      try {
        this.#clientFor(credential).dispatch(this.#options(request, credential), receiving)
        return await receiving.answer
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const spoken = targetError(error)
        const closed = spoken instanceof TargetError && spoken.code === 'GS_HTTP_TARGET_CLOSED'
        if (!repeatable || !closed || receiving.begun || attempt > 1) throw spoken
      }
    }
  }

  #options(request: UpstreamRequest, credential: HttpCredential): Dispatcher.DispatchOptions {
    const { method, path, body, bodyLength } = request
    const headers = ['host', this.#host]
    for (const [name, value] of this.#endToEnd(request, credential)) headers.push(name, value)
    for (const [name, value] of impersonation(request.impersonate ?? this.#parts.ask.impersonate)) headers.push(name, value)
    if (credential.header) headers.push(credential.header.name, credential.header.value)
    if (bodyLength !== undefined && body !== undefined && !(body instanceof Uint8Array)) headers.push('content-length', String(bodyLength))
    return {
      method,
      path: (this.#parts.address.basePath ?? '') + path,
      headers,
      body: body ?? null,
      // How long an answer may take is a rule's matter.
      headersTimeout: 0,
      bodyTimeout: 0,
    }
  }

  #endToEnd({ headers }: UpstreamRequest, { header }: HttpCredential): HeaderPairs {
    return endToEnd(headers, OWN).filter(([name]) => {
      // Servers behind CGI and its like (RFC 3875 §4.1.18) take both spellings for one.
      const spelt = name.toLowerCase().replaceAll('_', '-')
      return spelt !== header?.name.toLowerCase() && spelt !== 'authorization' && !spelt.startsWith('impersonate-')
    })
  }

  #clientFor(credential: HttpCredential): Client {
    const known = this.#client
    if (known?.credential === credential) return known.client
    const connector = this.#parts.connector(credential)
    if (known?.connector === connector) {
      known.credential = credential
      return known.client
    }
    known?.client.destroy().catch(() => undefined)
    this.#client = { client: this.#newClient(credential), connector, credential }
    return this.#client.client
  }

  #newClient(credential: HttpCredential): Client {
    return new Client(this.#origin, {
      connect: this.#parts.connector(credential)(this.#parts.address.via?.dial),
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: LONGEST_HEAD,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  #forget(each: Client | Duplex): void {
    this.#upgrades.delete(each)
    if (each instanceof Client) each.destroy().catch(() => undefined)
    else each.destroy()
  }
}

/** A credential that is none: then 401 is about the client's request. */
const isNobodys = ({ header, clientCertificate }: HttpCredential): boolean => !header && !clientCertificate

const loginRefused = (): TargetError => new TargetError('GS_HTTP_TARGET_LOGIN_REFUSED')

/** Kubernetes, User impersonation. Keys of extra stand in a header's name, percent-encoded where they could not. */
function* impersonation(who: Impersonated | undefined): Generator<readonly [string, string]> {
  if (!who) return
  yield ['Impersonate-User', who.user]
  for (const group of who.groups) yield ['Impersonate-Group', group]
  for (const [key, values] of Object.entries(who.extra))
    for (const value of values) yield [`Impersonate-Extra-${encodeURIComponent(key)}`, value]
}
