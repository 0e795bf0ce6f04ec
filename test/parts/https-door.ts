import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { afterEach, beforeAll, expect } from 'vitest'
import type { Admission, SessionEnd, Waiting } from '../../src/guard/index.ts'
import { IdentityError, loginThrottle } from '../../src/identity/index.ts'
import type {
  ClientInfo,
  Decided,
  Decision,
  EffectiveOperation,
  Facts,
  HttpCredential,
  HttpResource,
  Operation,
  Outcome,
  Run,
  Usage,
} from '../../src/operations/index.ts'
import { Refusal } from '../../src/operations/index.ts'
import {
  createHttpLogin,
  createHttpsDoor,
  createPlainPlane,
  type HttpGuard,
  type HttpPlane,
  type HttpSession,
  type HttpsDoor,
  type HttpsDoorOptions,
} from '../../src/protocols/http/index.ts'
import { issueTestCertificates, type TestCertificates } from './test-certificates.ts'

/** What a client shows; what the target is shown instead. */
export const CREDENTIAL = 'gs_http_a-credential-of-this-test'
export const KUBERNETES_CREDENTIAL = 'gs_k8s_a-credential-of-this-test'
export const TARGET_TOKEN = 'target-token-5d41402abc4b2a76'
export const AUTHORIZED = `Authorization: Bearer ${CREDENTIAL}\r\n`
const run = {
  id: 'run_of_this_test',
  principal: { kind: 'job', issuer: 'ci', subject: 's', groups: [] },
  facts: {},
  startedAt: 0,
} as const satisfies Run

const knows = (known: string) => ({
  runOf: async (credential: string) => {
    if (credential === known) return run
    if (!credential.startsWith('gs_')) throw new IdentityError('GS_IDENTITY_CREDENTIAL_FOREIGN')
    const isOurs = credential === CREDENTIAL || credential === KUBERNETES_CREDENTIAL
    throw new IdentityError(isOurs ? 'GS_IDENTITY_CREDENTIAL_WRONG_DOOR' : 'GS_IDENTITY_CREDENTIAL_UNKNOWN')
  },
})

export interface Seen {
  readonly clients: ClientInfo[]
  readonly operations: Operation[]
  readonly settled: (Pick<Outcome, 'status' | 'code'> & { bytes: number; withdrawn?: true })[]
  readonly ends: SessionEnd[]
  readonly refused: string[]
  foreign: number
  readonly stop: AbortController
  readonly drain: AbortController
}

export interface Governing {
  /** What the rules say; allowed where it is absent. */
  readonly decide?: (operation: Operation) => Partial<Decision>
  /** Whether something of which only this is known could be permitted; absent: yes. */
  readonly couldAllow?: (facts: Facts) => boolean
  /** Bytes of answers that are allowed. */
  readonly bytes?: number
  /** ms that an operation may take. */
  readonly time?: number
  readonly refuseAt?: Refusal
  readonly ask?: (decided: readonly Decided[], effective: EffectiveOperation) => Promise<Waiting>
  readonly credential?: HttpCredential
  readonly basePath?: string
  readonly exchanges?: HttpSession['exchanges']
}

/** Runs a guard's part without rules, trail and persons: those have tests of their own. */
export function playedGuard(seen: Seen, governing: Governing, connect: HttpSession['connect']): HttpGuard {
  let last = 0
  const admission = (): Admission => {
    let bytes = 0
    let spent: { usage: Usage } | undefined
    return {
      limited: governing.bytes !== undefined,
      time: governing.time,
      charge(_, more) {
        bytes += more
        return governing.bytes !== undefined && bytes > governing.bytes ? new Refusal('GS_LIMIT_EXCEEDED', { rule: 'small' }) : undefined
      },
      masked: () => undefined,
      spent: (usage) => {
        spent = { usage }
      },
      overtime: () => new Refusal('GS_LIMIT_EXCEEDED', { rule: 'quick' }),
      settle: (ending) => void seen.settled.push({ ...ending, bytes, ...spent }),
      withdraw: (ending) => void seen.settled.push({ ...ending, bytes, ...spent, withdrawn: true }),
    }
  }
  return {
    async open(who, resource, client) {
      if (governing.refuseAt) throw governing.refuseAt
      seen.clients.push(client)
      return {
        ...{ id: 'ses_1', readOnly: false, breakGlass: undefined, run: who, resource },
        ...{ signal: seen.stop.signal, draining: seen.drain.signal, connect },
        ...(governing.exchanges && { exchanges: governing.exchanges }),
        close: (reason) => void seen.ends.push(reason),
      }
    },
    usesTransaction: false,
    policy: 'sha256:0',
    asksPeople: governing.ask !== undefined,
    ask: (_, decided, effective) => governing.ask?.(decided, effective) ?? Promise.reject(new Error('not played')),
    couldAllow: (_, facts) => governing.couldAllow?.(facts) ?? true,
    decide: (_, operation) => ({ effect: 'allow', rules: [], policy: 'sha256:0', ...governing.decide?.(operation) }),
    admit: (_, decided, go, approved) =>
      go(
        decided.map(({ operation, decision, refusal }) => {
          seen.operations.push(operation)
          if (refusal) return refusal
          if (decision.effect === 'allow' || (decision.effect === 'ask' && approved)) return admission()
          return new Refusal(decision.effect === 'ask' ? 'GS_APPROVAL_UNAVAILABLE' : 'GS_POLICY_DENIED', { rule: decision.rules[0] })
        }),
        ++last,
      ),
  }
}

export interface OpenDoor {
  readonly door: HttpsDoor
  readonly port: number
  readonly seen: Seen
  /** Bytes that the target got, by connection. */
  readonly received: Buffer[]
  /** Of the target. */
  readonly server: Server
  readonly targetPort: number
}

/** A door before a real server of Node's, for one test file; each test's own is closed behind it. */
export function doorBeforeRealTarget() {
  let certificates: TestCertificates
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    certificates = await issueTestCertificates(['localhost', 'api.test'])
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  async function open(
    listener: RequestListener,
    governing: Governing = {},
    over: Partial<HttpsDoorOptions> & { plane?: HttpPlane } = {},
  ): Promise<OpenDoor> {
    const received: Buffer[] = []
    const sockets = new Set<Socket>()
    const server = createHttpServer(listener)
    server.keepAliveTimeout = 60_000
    await once(server.listen(0, '127.0.0.1'), 'listening')
    // In front of Node's parser: what the target is sent is what counts, and not what it makes of it.
    const tap = createTcpServer({ allowHalfOpen: true }, (socket) => {
      const at = received.push(Buffer.alloc(0)) - 1
      const behind = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
      for (const [one, other] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        sockets.add(one)
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
        one.pipe(other)
      }
      socket.on('data', (chunk: Buffer) => {
        if (received[at]!.length < 1_000_000) received[at] = Buffer.concat([received[at]!, chunk])
      })
    })
    await once(tap.listen(0, '127.0.0.1'), 'listening')
    const targetPort = (tap.address() as AddressInfo).port
    closing.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
      return new Promise((resolve) => tap.close(resolve))
    })
    const seen: Seen = {
      ...{ clients: [], operations: [], settled: [], ends: [], refused: [], foreign: 0 },
      ...{ stop: new AbortController(), drain: new AbortController() },
    }
    const resource: HttpResource = {
      ...{
        name: 'api',
        kind: 'http',
        host: '127.0.0.1',
        port: targetPort,
        hosts: ['api.test'],
        basePath: governing.basePath ?? '',
        tags: [],
      },
    }
    const credential = governing.credential ?? { header: { name: 'authorization', value: `Bearer ${TARGET_TOKEN}` } }
    const login = createHttpLogin()
    const guard = playedGuard(seen, governing, (ask, signal) =>
      login(
        { host: '127.0.0.1', port: targetPort, tls: { verify: 'off' }, ...(governing.basePath && { basePath: governing.basePath }) },
        { current: async () => credential, refused: () => undefined },
        ask,
        signal,
      ),
    )
    const { certificate: cert, key } = certificates.server
    const plane = over.plane ?? createPlainPlane()
    const door = createHttpsDoor({
      tls: { cert, key },
      authenticators: { http: knows(CREDENTIAL), kubernetes: knows(KUBERNETES_CREDENTIAL) },
      throttle: { check: () => undefined, failed: () => undefined },
      peerOf: (address) => address,
      route({ host, path }) {
        if (host === 'api.test') return { resource, prefix: '' }
        return /^\/r\/api(\/|$)/.test(path) ? { resource, prefix: '/r/api' } : undefined
      },
      guard,
      planes: { http: plane, kubernetes: { ...plane, kind: 'kubernetes', resembles: () => false } },
      onRefused: ({ code }) => void seen.refused.push(code),
      onForeignCredential: () => {
        seen.foreign += 1
      },
      log: { debug: () => undefined, warn: () => undefined },
      ...over,
    })
    const port = await door.listen({ host: '127.0.0.1', port: 0 })
    closing.push(() => door.close())
    return { door, port, seen, received, server, targetPort }
  }

  /** A client's connection, past TLS. */
  async function dial(port: number, servername = 'localhost', alpn = ['http/1.1']): Promise<TLSSocket> {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca: certificates.ca, servername, ALPNProtocols: alpn })
    socket.on('error', () => undefined)
    closing.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }

  return {
    open,
    dial,
    closing,
    /** PEM. */
    ca: () => certificates.ca,
    throttle: loginThrottle,
  }
}

/** Everything until the other side closes. */
export async function everything(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.destroyed) await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** The first answer with a Content-Length, whole; or what there is of one where the other side closes. */
export function wholeAnswer(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const [head, length] = /^HTTP[\s\S]*?\r\ncontent-length: (\d+)\r\n[\s\S]*?\r\n\r\n/i.exec(text) ?? []
      if (head !== undefined && text.length >= head.length + Number(length)) resolve(text)
    })
    socket.once('close', () => resolve(text))
    if (socket.destroyed) resolve(text)
  })
}

/** As `expect.poll`, with the patience of a busy machine. */
export const soon = <T>(read: () => T, options: { readonly timeout?: number } = {}) => expect.poll(read, { timeout: 10_000, ...options })

/** What is received of it, as it grows. */
export function collected(socket: TLSSocket): { readonly text: string } {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  return {
    get text() {
      return text
    },
  }
}
