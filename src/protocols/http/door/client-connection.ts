import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { SessionEnd } from '../../../guard/index.ts'
import { CodedError, type HttpResource, type Run } from '../../../operations/index.ts'
import type { Seats } from '../../door/index.ts'
import { firstOf, pairsOf } from '../headers.ts'
import { ClientLeft, type DoorRequest, type HttpPlane, type Refusable } from '../plane.ts'
import { speakable } from '../relay/status.ts'
import { HttpsDoorError } from './errors.ts'
import { checkKeys, identify, type Presented, presented } from './identify.ts'
import { OpenSession } from './open-session.ts'
import type { HttpsDoorLimits, HttpsDoorOptions, OpenAnswer, Own, Selected, Vouched } from './options.ts'
import { readClaims } from './read-claims.ts'
import { type Head, KEYS, OURS, readHead } from './read-head.ts'
import { RequestBody } from './request-body.ts'
import { ServerAnswer } from './server-answer.ts'

/** What the connection becomes instead of being answered. */
interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

/** Whoever left, or has to, is given so long to be told, ms. */
const LAST_WORD_MS = 800
/** Requests that were read and wait for their turn, at most: each takes memory while the one before it lasts, a watch perhaps for hours. */
const MOST_WAITING = 64

/** What a connection has of its door. */
export interface AtTheDoor {
  known(): void
  readonly seats: Seats
  readonly vouched: Vouched | undefined
}

/** One connection of a client: its requests one after the other, and the sessions that they belong to. */
export class ClientConnection {
  readonly #socket: Socket
  readonly #options: HttpsDoorOptions
  readonly #limits: HttpsDoorLimits
  readonly #known: () => void
  readonly #address: string
  readonly #sessions = new Map<string, Promise<OpenSession>>()
  /** The request under way, and those that are read and wait for it. */
  #turn: Promise<void> = Promise.resolve()
  #pending = 0
  #draining = false
  #answer: ServerAnswer | undefined
  /** Ends what is under way. Not by AbortSignal.any, whose signals are kept for as long as a listener is, and the connection lasts. */
  #current: AbortController | undefined
  /** Tells whoever reads the body under way that it breaks off. */
  #broken: ((error: HttpsDoorError) => void) | undefined
  #unreadable: HttpsDoorError | undefined

  readonly #vouched: Vouched | undefined
  readonly #seats: Seats
  /** Runs that have sent something here. */
  readonly #runs = new Set<string>()
  #noted = false

  /** @param door.known called once a request has said who it is from @param door.vouched where that is known beforehand */
  constructor(socket: Socket, options: HttpsDoorOptions, limits: HttpsDoorLimits, { known, seats, vouched }: AtTheDoor) {
    this.#socket = socket
    this.#options = options
    this.#limits = limits
    this.#known = known
    this.#vouched = vouched
    this.#seats = seats
    this.#address = vouched?.address ?? addressOf(socket)
    socket.once('close', () => this.#gone())
  }

  /** Whether nothing is under way. */
  get idle(): boolean {
    return this.#pending === 0
  }

  /** In its turn: clients may send the next before they have the answer to the last (RFC 9112 §9.3.2). */
  take(message: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void {
    if (this.#pending > MOST_WAITING) return void this.#socket.destroy()
    this.#pending += 1
    const behind = this.#pending > 1
    this.#turn = this.#turn
      .then(() => this.#serve(message, response, upgrade, behind))
      .catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'A request failed within the gateway')
        this.#socket.destroy()
      })
      .finally(() => {
        this.#pending -= 1
        if (this.#draining && this.idle) this.#socket.end()
      })
  }

  /**
   * What came cannot be read. Where that is the rest of a body, its request is told; what is under way besides is answered, and then the connection
   * ends.
   * @returns whether there is nobody here to say it
   */
  garbage(error: HttpsDoorError): boolean {
    if (this.idle) return true
    this.#unreadable = error
    this.#broken?.(error)
    this.drain()
    return false
  }

  /** Nothing new is accepted on it: what is under way is answered, and then it ends. */
  drain(): void {
    this.#draining = true
    if (this.idle) this.#socket.end()
  }

  async #serve(message: IncomingMessage, response: ServerResponse, upgrade: Upgrade | undefined, behind: boolean): Promise<void> {
    if (this.#socket.destroyed) return
    // Its answer would have to come on a connection that another answer is still written to.
    if (upgrade && behind) return void this.#socket.destroy()
    let head: Head | undefined
    let selected: Selected | undefined
    let waits = firstOf(pairsOf(message.rawHeaders), 'expect') !== undefined
    let misfit = false
    const answer = new ServerAnswer({
      message,
      response,
      upgrade: upgrade && { ...upgrade, protocol: message.headers.upgrade ?? '' },
      ownName: () => selected === undefined || selected.prefix !== '',
      bodyLength: () => (head ? head.bodyLength : undefined),
      waits: () => waits,
      last: () => this.#draining || misfit,
    })
    this.#answer = answer
    const body = new RequestBody(
      message,
      waits
        ? () => {
            waits = false
            response.writeContinue()
          }
        : undefined,
      this.#limits.bodyMs,
    )
    this.#broken = (error) => {
      if (!message.complete) body.destroy(error)
    }
    // Until something is known of it, in a form that shows nothing of what is configured.
    let plane: HttpPlane | undefined
    const anonymous: Refusable['request'] = {
      method: message.method ?? '',
      rawPath: withoutPrefix((message.url ?? '/').split('?', 1)[0] ?? '/'),
      rawQuery: undefined,
      headers: pairsOf(message.rawHeaders),
    }
    try {
      if (this.#unreadable && !message.complete) throw this.#unreadable
      if (this.#draining && !this.#unreadable) throw new HttpsDoorError('GS_HTTPS_DRAINING')
      try {
        head = readHead({
          method: message.method ?? '',
          url: message.url ?? '',
          httpVersion: message.httpVersion,
          rawHeaders: message.rawHeaders,
          upgrades: upgrade !== undefined,
        })
      } catch (error) {
        // Whatever comes behind it may have been meant as a part of it.
        misfit = true
        throw error
      }
      const throttled = this.#options.throttle.check(this.#address)
      if (throttled) throw throttled
      const openly = head.authorization === undefined ? this.#options.openly?.(head) : undefined
      if (openly) {
        sayOpenly(openly, head, answer)
        return await this.#done(message, body, answer)
      }
      const serverName = this.#vouched?.host ?? namesOf(this.#socket).serverName
      selected = this.#options.route({ serverName, host: head.host, path: head.path })
      const { run, kind, shown } = this.#vouched
        ? { run: this.#vouched.run, kind: selected?.resource.kind, shown: undefined }
        : await this.#identified(head)
      if (this.#vouched) head = this.#withoutCredentials(head)
      this.#known()
      const own = selected ? undefined : this.#options.own?.({ host: head.host, path: head.path })
      if (own) await this.#answerOwn(own, head, run, body, answer)
      else {
        if (!selected) throw new HttpsDoorError('GS_HTTPS_RESOURCE_UNKNOWN')
        const { resource, prefix } = selected
        plane = this.#options.planes[resource.kind]
        if (plane === undefined) throw new HttpsDoorError('GS_HTTPS_RESOURCE_UNKNOWN')
        if (kind !== resource.kind) throw new HttpsDoorError('GS_HTTPS_CREDENTIAL_ELSEWHERE')
        if (shown) await this.#refusing(() => checkKeys(resource.kind, shown, (head as Head).keys, this.#options.authenticators))
        const opened = await this.#session(run, resource, plane, shown?.user, firstOf(head.headers, 'user-agent'))
        const request = requestOf(head, prefix, body, plane)
        const current = new AbortController()
        this.#current = current
        if (this.#socket.destroyed) current.abort(new ClientLeft())
        else if (opened.session.signal.aborted) current.abort(opened.session.signal.reason)
        await plane.carry({
          ...{ session: opened.session, resource, guard: this.#options.guard, request, answer, signal: current.signal },
          target: () => opened.target(),
        })
      }
    } catch (error) {
      this.#refuse(
        { request: head ? { ...head, rawPath: withoutPrefix(head.path), base: baseOf(head, selected) } : anonymous, answer },
        error,
        plane,
      )
    }
    await this.#done(message, body, answer)
  }

  /** It is answered, or never will be. */
  async #done(message: IncomingMessage, body: RequestBody, answer: ServerAnswer): Promise<void> {
    if (!answer.begun) answer.cut()
    await answer.over
    body.destroy()
    this.#answer = undefined
    this.#current = undefined
    this.#broken = undefined
    if (!message.complete && !this.#socket.destroyed) message.resume()
  }

  /** What is asked of the gateway itself belongs to no session: the run is who asks. */
  async #answerOwn({ endpoint, prefix }: Own, head: Head, run: Run, body: RequestBody, answer: ServerAnswer): Promise<void> {
    if (head.upgrade) throw new HttpsDoorError('GS_HTTPS_UPGRADE_REFUSED')
    const current = new AbortController()
    this.#current = current
    if (this.#socket.destroyed) current.abort(new ClientLeft())
    await endpoint({ run, request: requestOf(head, prefix, body, { kind: 'http' }), answer, signal: current.signal })
  }

  #refuse(refusable: Refusable, error: unknown, plane: HttpPlane | undefined): void {
    const spoken = speakable(error)
    const { log, planes } = this.#options
    if (spoken.cause === undefined || this.#socket.destroyed) log.debug({ code: spoken.code }, 'A request was refused at the door')
    else log.warn({ code: spoken.code, err: spoken.cause }, 'A request failed at the door')
    if (this.#socket.destroyed) {
      refusable.answer.cut()
      return
    }
    const resembled = Object.values(planes).find((each) => each.resembles?.(refusable.request))
    const form = plane ?? resembled ?? planes.http
    form.refuse(refusable, spoken)
  }

  /** @throws CodedError, and whoever does not get in is noted */
  async #identified(head: Head): Promise<{ readonly run: Run; readonly kind: HttpResource['kind']; readonly shown: Presented }> {
    const shown = await this.#refusing(() => presented(head))
    const { run, kind } = await this.#refusing(() => identify(shown.credential, this.#options.authenticators))
    return { run, kind, shown }
  }

  /** What a client sent as a credential to somebody else goes nowhere, and may be a real one. */
  #withoutCredentials(head: Head): Head {
    const sent = [...(head.authorization === undefined ? [] : [head.authorization]), ...head.keys]
    if (!this.#noted && sent.some((each) => !OURS.test(decodedBasic(each)))) {
      this.#noted = true
      this.#options.onForeignCredential(this.#address)
    }
    return { ...head, headers: head.headers.filter(([name]) => !KEYS.has(name.toLowerCase())) }
  }

  /** Notes who does not get in. @throws what `step` throws */
  async #refusing<Result>(step: () => Result | Promise<Result>): Promise<Result> {
    const { throttle, onRefused, onForeignCredential } = this.#options
    try {
      return await step()
    } catch (error) {
      // Clients ask without one first, to be told how.
      if (error instanceof CodedError && error.code !== 'GS_HTTPS_CREDENTIAL_MISSING') {
        throttle.failed(this.#address)
        onRefused({ code: error.code, address: this.#address })
        if (error.code === 'GS_IDENTITY_CREDENTIAL_FOREIGN') onForeignCredential(this.#address)
      }
      throw error
    }
  }

  /** The one that is open, or a new one. @throws CodedError */
  async #session(
    run: Run,
    resource: HttpResource,
    plane: HttpPlane,
    user: string | undefined,
    application: string | undefined,
  ): Promise<OpenSession> {
    const key = JSON.stringify([run.id, resource.name])
    const known = this.#sessions.get(key)
    if (known) {
      const opened = await known
      if (!opened.session.signal.aborted && !opened.session.draining.aborted) return opened
      throw opened.session.signal.aborted ? opened.session.signal.reason : new HttpsDoorError('GS_HTTPS_DRAINING')
    }
    if (this.#sessions.size >= this.#limits.sessions) throw new HttpsDoorError('GS_HTTPS_DOOR_FULL')
    if (!this.#runs.has(run.id)) {
      if (!this.#seats.take(run.id)) throw new HttpsDoorError('GS_HTTPS_RUN_FULL')
      this.#runs.add(run.id)
    }
    const opening = this.#open(run, resource, plane, user, application)
    this.#sessions.set(key, opening)
    opening.catch(() => this.#sessions.delete(key))
    return opening
  }

  async #open(
    run: Run,
    resource: HttpResource,
    plane: HttpPlane,
    user: string | undefined,
    application: string | undefined,
  ): Promise<OpenSession> {
    const session = await this.#options.guard.open(run, resource, {
      address: this.#address,
      tls: true,
      ...(user !== undefined && user !== '' && { user: user.slice(0, 200) }),
      ...(application !== undefined && { application: application.slice(0, 200) }),
    })
    const opened = new OpenSession(session, plane, resource, (each) => this.#mustEnd(each))
    session.draining.addEventListener('abort', () => this.drain(), { once: true })
    if (session.draining.aborted) this.drain()
    if (this.#socket.destroyed) {
      opened.close('client-lost')
      throw new ClientLeft()
    }
    return opened
  }

  /** A session has to end now: what is under way is told by its own signal, and the connection ends with it. */
  #mustEnd(opened: OpenSession): void {
    this.#current?.abort(opened.session.signal.reason)
    this.drain()
    setTimeout(() => {
      this.#socket.destroy()
      opened.close('ended')
    }, LAST_WORD_MS)
  }

  #gone(): void {
    for (const run of this.#runs) this.#seats.leave(run)
    const lost = !this.idle && this.#answer?.upgraded !== true
    this.#current?.abort(new ClientLeft())
    const why: SessionEnd = lost ? 'client-lost' : this.#draining ? 'drained' : 'client-closed'
    // What is under way settles first.
    void this.#turn.then(async () => {
      for (const opening of this.#sessions.values()) {
        const opened = await opening.catch(() => undefined)
        opened?.close(opened.session.signal.aborted ? 'ended' : why)
      }
    })
  }
}

/** A token as it is, a user and password as they are meant. */
function decodedBasic(text: string): string {
  const [, pair] = /^Basic +(\S+)$/i.exec(text) ?? []
  return pair === undefined ? text : Buffer.from(pair, 'base64').toString('latin1')
}

function requestOf(head: Head, prefix: string, body: RequestBody, { kind }: Pick<HttpPlane, 'kind'>): DoorRequest {
  const rest = head.path.slice(prefix.length)
  const { method, rawQuery, bodyLength, upgrade, authority } = head
  if (upgrade && kind === 'http' && !/^websocket$/i.test(upgrade.protocol)) throw new HttpsDoorError('GS_HTTPS_UPGRADE_REFUSED')
  return {
    ...{ method, rawQuery, body, bodyLength },
    rawPath: rest === '' ? '/' : rest,
    // Cookies of our own name are set by nobody that the target knows.
    headers: prefix === '' ? head.headers : head.headers.filter(([name]) => name.toLowerCase() !== 'cookie'),
    ...(upgrade && { upgrade }),
    base: `https://${authority}${prefix}`,
    claims: readClaims(head.headers),
  }
}

/** What anybody may know. */
function sayOpenly({ status, type, body }: OpenAnswer, { method }: Head, answer: ServerAnswer): void {
  answer.begin(status, [
    ['content-type', type],
    ['content-length', String(body.length)],
    ['cache-control', 'no-store'],
  ])
  if (method !== 'HEAD') void answer.write(body)
  answer.end()
}

/** Where what was asked for would be, whether there is something or not. */
const baseOf = ({ authority, path }: Head, selected: Selected | undefined): string =>
  `https://${authority}${selected?.prefix ?? /^\/r\/[^/]+(?=\/|$)/.exec(path)?.[0] ?? ''}`

/** Whatever resource it may be meant for. */
const withoutPrefix = (path: string): string => path.replace(/^\/r\/[^/]+(?=\/|$)/, '')

function namesOf(socket: Socket): { readonly serverName: string | undefined } {
  const { servername } = socket as Partial<TLSSocket>
  return { serverName: typeof servername === 'string' && servername !== '' ? servername.toLowerCase() : undefined }
}

function addressOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}

/** An answer for a request that Node hands over with its connection. */
export function responseOn(message: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(message)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  return response
}
