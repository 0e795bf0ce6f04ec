import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { CodedError, type EgressResource, type Facts, type Operation, Refusal, type Run } from '../../operations/index.ts'
import { type Admitted, ClientLeft, govern, type HttpGuard, type HttpSession, isAdmitted, Timed, tunnel } from '../http/index.ts'
import { ESTABLISHED, proxyStatusOf, refusalAnswer, sayDenied, sayLast } from './answer.ts'
import { ProxyError } from './errors.ts'
import type { ProxyLimits } from './options.ts'
import { addressesOf, dial, type Surroundings } from './reach.ts'
import type { Authority } from './read-connect.ts'
import { readHello } from './read-hello.ts'

/** One CONNECT of a run that is known, to a resource that names where it goes. */
export interface Connection {
  readonly socket: Duplex
  /** Bytes that came behind it. */
  readonly head: Uint8Array
  readonly run: Run
  readonly authority: Authority
  readonly resource: EgressResource
  readonly plain: boolean
  /** Of the client: what it says of itself beside its address is a claim. */
  readonly client: { readonly address: string; readonly user?: string | undefined; readonly application?: string | undefined }
}

export interface Carrying {
  readonly guard: HttpGuard
  readonly surroundings: Surroundings
  readonly limits: Pick<ProxyLimits, 'helloMs'>
}

/** What the operation is, by the name and port alone. */
export function connectOperation({ host, port }: Authority, application?: string): Operation {
  const facts: Facts = { effects: [{ class: 'connect', action: 'connect' }], egress: { host, port } }
  const written = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const agent = application === undefined ? '' : `user-agent: ${application}\n`
  return { protocol: 'egress', form: 'request', statement: { text: Buffer.from(`CONNECT ${written}\n${agent}\n`) }, facts }
}

/** The whole way of one connection, from its session to its end. Says no itself; never rejects. */
export async function carry(connection: Connection, carrying: Carrying): Promise<void> {
  const { socket, run, resource, client } = connection
  let session: HttpSession
  try {
    const { user, application } = client
    session = await carrying.guard.open(run, resource, {
      ...{ address: client.address, tls: true },
      ...(user !== undefined && { user }),
      ...(application !== undefined && { application }),
    })
  } catch (error) {
    return sayLast(socket, refusalAnswer(spoken(error)))
  }
  const left = new AbortController()
  const gone = () => left.abort(new ClientLeft())
  socket.once('close', gone)
  if (socket.destroyed) gone()
  const signal = AbortSignal.any([session.signal, left.signal])
  try {
    await governed(connection, session, carrying, signal)
  } finally {
    socket.off('close', gone)
    session.close(session.signal.aborted ? 'ended' : 'client-closed')
  }
}

const spoken = (error: unknown): CodedError =>
  error instanceof CodedError ? error : new ProxyError('GS_PROXY_FAILED', undefined, { cause: error })

async function governed(connection: Connection, session: HttpSession, carrying: Carrying, signal: AbortSignal): Promise<void> {
  const { socket, authority, resource, client } = connection
  const operation = connectOperation(authority, client.application)
  const target = `${authority.host}:${authority.port}`
  const { guard } = carrying
  const say = (error: CodedError, number: number | undefined) => {
    const answer = refusalAnswer(error)
    if (number !== undefined) session.exchanges?.request(number, { method: 'CONNECT', target })
    session.exchanges?.answer({ status: proxyStatusOf(error), type: 'application/json' }).end('complete')
    sayLast(socket, answer)
  }
  try {
    const effective = () => {
      // What is said over it is seen by nobody, before or after.
      if (guard.decide(session, operation).ask?.stream === false)
        throw new Refusal('GS_APPROVAL_UNAVAILABLE', {
          reason: 'What is sent over a connection is not known when persons are asked, and no rule lets them approve it unseen.',
          next: 'Ask the owner of the rule for stream: true.',
        })
      return {
        ...{ protocol: 'egress' as const, resource: resource.name, parts: [{ label: 'request', content: operation.statement.text }] },
        ...{ session: {}, facts: operation.facts ? [operation.facts] : [], stream: true },
      }
    }
    const answer = await govern({ guard, session, request: {} }, { operation, effective }, signal)
    if (!isAdmitted(answer)) return say(answer.refusal, answer.number)
    session.exchanges?.request(answer.number, { method: 'CONNECT', target })
    await established(connection, session, answer, carrying, signal, (error) => say(error, undefined))
  } catch (error) {
    if (error instanceof ClientLeft) socket.destroy()
    else say(spoken(error), undefined)
  }
}

async function established(
  { socket, head, authority, resource, plain }: Connection,
  session: HttpSession,
  { admission }: Admitted,
  { surroundings, limits }: Carrying,
  signal: AbortSignal,
  refuse: (error: CodedError) => void,
): Promise<void> {
  const timed = new Timed(signal, admission)
  let target: Awaited<ReturnType<typeof dial>>
  try {
    target = await dial(await addressesOf(authority, resource.private, surroundings), authority.port, timed.signal)
  } catch (error) {
    timed.stop()
    if (error instanceof ClientLeft) {
      admission.withdraw({ status: 'aborted' })
      return void socket.destroy()
    }
    const why = spoken(error)
    admission.withdraw({ status: why instanceof Refusal ? 'cancelled' : 'failed', code: String(proxyStatusOf(why)) })
    return refuse(why)
  }
  try {
    const recording = session.exchanges?.answer({ status: 200 })
    recording?.end('complete')
    socket.write(ESTABLISHED)
    const address = isIP(authority.host) !== 0
    const first = plain
      ? Buffer.from(head)
      : await readHello(socket, head, { host: authority.host, address, ms: limits.helloMs }, timed.signal)
    if (first === undefined) {
      target.destroy()
      socket.destroy()
      return admission.settle({ status: 'completed', code: '200' })
    }
    const why = await tunnel({
      ...{ client: socket, target, heads: { client: first, target: Buffer.alloc(0) } },
      charge: (bytes) => admission.charge(0, bytes),
      signal: timed.signal,
    })
    admission.settle({ status: why instanceof Refusal ? 'cancelled' : why instanceof ClientLeft ? 'aborted' : 'completed', code: '200' })
  } catch (error) {
    target.destroy()
    // HTTP is over: TLS has a word for it.
    if (error instanceof ClientLeft) socket.destroy()
    else sayDenied(socket)
    const code = error instanceof CodedError ? error.code : undefined
    admission.settle({ status: error instanceof ClientLeft ? 'aborted' : 'cancelled', ...(code !== undefined && { code }) })
  } finally {
    timed.stop()
  }
}
