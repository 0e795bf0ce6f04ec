import type { EffectiveOperation, EffectivePart, Facts, Json, Operation, OperationReference, Statement } from '../../../operations/index.ts'
import type { DoorRequest, Impersonated } from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { factsOf, isOn, onceHeader, type RequestTarget, readBody, readTarget } from '../request/index.ts'
import { type CarriedBody, carriedBody } from './carried-body.ts'
import { claimedIdentity } from './identity.ts'
import { approvedStatement, type Body, statementOf } from './statement.ts'

/** A request that is understood, before its body is read. */
export interface AskedHead {
  readonly request: RequestTarget
  /** Whom the client asks to be. */
  readonly identity: Impersonated | undefined
}

/** All of it, ready to be judged. */
export interface Asked extends AskedHead {
  /** As it is forwarded. */
  readonly carried: CarriedBody
  readonly operation: Operation
}

/**
 * @throws KubernetesError where it has no single meaning, or says that it is from somebody whom nobody can be
 */
export function readHead({ method, rawPath, rawQuery, headers, upgrade }: DoorRequest): AskedHead {
  const request = readTarget({ method, rawPath, rawQuery, headers, upgrade: upgrade !== undefined })
  const identity = claimedIdentity(headers)
  const encoding = onceHeader(headers, 'content-encoding')
  if (!request.proxied && encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new KubernetesError('GS_K8S_BODY', 'A Content-Encoding of requests is not read by API servers.')
  }
  if (upgrade !== undefined && request.channel === '') throw new KubernetesError('GS_K8S_UPGRADE')
  return { request, identity }
}

/**
 * Reads the body and judges what can be known.
 * @param same what is known of the very same request of this session
 * @throws KubernetesError GS_K8S_BODY; whatever the body breaks with
 */
export async function readAsked(head: AskedHead, door: DoorRequest, same: Repeated, signal: AbortSignal): Promise<Asked> {
  const { request } = head
  const carried: CarriedBody = isPassedOn(request)
    ? door.bodyLength === 0
      ? { kind: 'none' }
      : { kind: 'large', stream: door.body }
    : await carriedBody(door.body, door.bodyLength, signal)
  const body = known(request, carried, door.bodyLength)
  const statement = statementOf(request, door.headers, head.identity, body)
  const make = (): Operation => ({
    protocol: 'kubernetes',
    form: 'request',
    statement,
    facts: facts(head, body),
  })
  // What decides its facts and is not in its text: who asks for an upgrade, and who owns fields (that only of writes).
  // In JSON, as the client chooses each of them: no two requests may come to the same key.
  const key = () => JSON.stringify([request.upgrade, request.manager, Buffer.from(statement.text).toString('latin1')])
  const operation = body.kind === 'none' ? same.get(key(), make) : make()
  return { ...head, carried, operation }
}

/** Its body is for somebody else, or there is none that means anything. */
function isPassedOn(request: RequestTarget): boolean {
  return request.proxied || request.channel !== ''
}

function known(request: RequestTarget, carried: CarriedBody, length: number | undefined): Body {
  switch (carried.kind) {
    case 'none':
      return carried
    case 'large':
      return { kind: 'unread', length }
    case 'whole':
      return { kind: 'whole', bytes: carried.bytes, read: read(request, carried.bytes) }
  }
}

function read(request: RequestTarget, bytes: Uint8Array): Json | undefined {
  return readBody(request.form, bytes)
}

function facts({ request, identity }: AskedHead, body: Body): Facts {
  if (body.kind === 'none') return factsOf(request, 'none', identity)
  const said = body.kind === 'whole' ? body.read : undefined
  return factsOf(request, said === undefined ? undefined : { read: said }, identity)
}

/** Requests of one session that were understood; the same object for the same request, as the trail and the rules keep by it. */
export class Repeated {
  readonly #known = new Map<string, Operation>()

  get(key: string, make: () => Operation): Operation {
    const before = this.#known.get(key)
    if (before) return before
    const made = make()
    if (key.length > LONGEST_KEPT) return made
    this.#known.set(key, made)
    if (this.#known.size > MOST_KEPT) this.#known.delete(this.#known.keys().next().value as string)
    return made
  }
}

const MOST_KEPT = 256
/** Characters. */
const LONGEST_KEPT = 4_096

/** The same as another attempt at what was refused or failed before. */
export function retrying(asked: Asked, retryOf: OperationReference | undefined): Asked {
  return retryOf ? { ...asked, operation: { ...asked.operation, retryOf } } : asked
}

/**
 * What a person approves: the request, word for word.
 * @param resource its configured name. @param detail of the object that it is about
 */
export function effectiveOperation(
  { request, identity, operation, carried }: Asked,
  resource: string,
  detail?: EffectivePart['detail'],
): EffectiveOperation {
  const { text, recorded }: Statement = approvedStatement(request, operation.statement, identity)
  return {
    protocol: 'kubernetes',
    resource,
    parts: [{ label: 'request', content: text, ...(recorded && { recorded }), ...(detail && { detail }) }],
    session: {},
    facts: operation.facts ? [operation.facts] : [],
    stream: carried.kind === 'large' || takesWhatComes(request),
  }
}

/** Whether its client sends what nobody has seen: not to a command without stdin, which has all that it is told in its arguments. */
function takesWhatComes({ channel, values }: RequestTarget): boolean {
  return channel === 'portforward' || (channel !== '' && isOn(values, 'stdin'))
}

/** How the recording calls it. */
export function recordedHead({ request, carried }: Asked, { headers }: Pick<DoorRequest, 'headers'>) {
  const type = onceHeader(headers, 'content-type')
  return {
    ...{ method: request.method, target: request.target },
    ...(type !== undefined && { type }),
    ...(carried.kind === 'whole' && { bytes: carried.bytes.length }),
  }
}
