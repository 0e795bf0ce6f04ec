import { findingsOf } from '../../../masking/index.ts'
import { type CodedError, type Outcome, Refusal } from '../../../operations/index.ts'
import {
  type Admitted,
  ClientLeft,
  type Exchange,
  type HeaderPairs,
  isUpgraded,
  passAnswer,
  speakable,
  Timed,
  type Upgraded,
  type UpstreamRequest,
} from '../../http/index.ts'
import { KubernetesError } from '../errors.ts'
import { isOn, type RequestTarget } from '../request/index.ts'
import { agreedStream, offeredProtocols, relayStream, type StreamEnd } from '../streams/index.ts'
import { type Asked, recordedHead } from './asked.ts'

/** An exec, attach or port-forward that was admitted. */
export interface Opening {
  readonly exchange: Exchange
  readonly asked: Asked
  readonly admitted: Admitted
  /** Without what says which protocols are offered. */
  readonly upstream: UpstreamRequest
  readonly maskKey: Uint8Array | undefined
  /** Says no where nothing has been said yet. */
  readonly no: (error: CodedError) => void
  /** It came to nothing: the client may try the same by another way. */
  readonly failed: () => void
}

/** How the client wants to speak. */
interface Offer {
  readonly protocol: 'websocket' | 'SPDY/3.1'
  readonly offered: readonly string[]
  /** That say so, as the API server gets them. */
  readonly headers: HeaderPairs
}

/** Opens a channel and carries it until it is over; settles. Never rejects. */
export async function openChannel(opening: Opening): Promise<void> {
  const { exchange, admitted, no, failed } = opening
  const { admission, decision, number } = admitted
  const findings = decision.masks && findingsOf(decision.masks)
  const timed = new Timed(exchange.signal, admission)
  const { signal } = timed
  let sent = false
  let upgraded: Upgraded | undefined
  let carried: Timed | undefined
  try {
    exchange.session.exchanges?.request(number, recordedHead(opening.asked, exchange.request))
    const offer = offerOf(exchange.request.upgrade?.protocol ?? '', exchange.request.headers, findings !== undefined)
    const target = await exchange.target()
    signal.throwIfAborted()
    sent = true
    const upstream = { ...opening.upstream, headers: [...opening.upstream.headers, ...offer.headers] }
    const answer = await target.upgrade(upstream, offer.protocol, signal)
    if (!isUpgraded(answer)) {
      failed()
      await passAnswer(exchange, admission, answer, { headers: answer.headers }, signal)
      // Nothing ran: its client may try the same in another way.
      admission.withdraw({ status: 'failed', code: String(answer.status) })
      return
    }
    upgraded = answer
    const agreed = agreedStream(askedStream(opening.asked.request), offer.offered, answer.headers)
    const client = exchange.answer.upgrade(switching(answer.headers))
    // From here on a client that closes is how most of them end.
    carried = new Timed(exchange.session.signal, admission)
    const end = await relayStream({
      ...{ client: client.socket, target: answer.socket, head: { client: client.head, target: answer.head }, agreed },
      ...{ recorder: exchange.session.exchanges, findings, maskKey: opening.maskKey, signal: carried.signal },
      charge: (bytes) => admission.charge(0, bytes),
    })
    for (const [mask, what, count] of end.masked) admission.masked(mask, what, count)
    admission.settle(endingOf(end))
  } catch (error) {
    upgraded?.socket.destroy()
    if (error instanceof ClientLeft) {
      admission.settle({ status: sent ? 'aborted' : 'cancelled' })
      return exchange.answer.cut()
    }
    failed()
    const spoken = speakable(error)
    if (!sent) admission.withdraw({ status: 'failed' })
    else admission.settle({ status: upgraded ? 'cancelled' : 'failed' })
    if (exchange.answer.begun) exchange.answer.cut()
    else no(spoken)
  } finally {
    timed.stop()
    carried?.stop()
  }
}

/** @throws KubernetesError GS_K8S_UPGRADE where it is a protocol that is not carried */
function offerOf(upgrade: string, headers: HeaderPairs, masked: boolean): Offer {
  const of = (name: string) =>
    headers.flatMap(([each, value]) => (each.toLowerCase() === name ? value.split(',').map((one) => one.trim()) : []))
  if (/^spdy\/3\.1$/i.test(upgrade)) return { protocol: 'SPDY/3.1', offered: of('x-stream-protocol-version'), headers: [] }
  if (!/^websocket$/i.test(upgrade)) throw new KubernetesError('GS_K8S_UPGRADE')
  const asked = of('sec-websocket-protocol')
  const offered = offeredProtocols(asked, masked)
  if (asked.length > 0 && offered.length === 0)
    throw new KubernetesError('GS_K8S_UPGRADE', 'None of the sub-protocols of the WebSocket is carried.')
  return { protocol: 'websocket', offered, headers: offered.length === 0 ? [] : [['Sec-WebSocket-Protocol', offered.join(', ')]] }
}

function askedStream({ channel, values }: RequestTarget) {
  return {
    action: channel === '' ? ('exec' as const) : channel,
    tty: isOn(values, 'tty'),
    ports: (values.get('ports') ?? []).flatMap((ports) => ports.split(',')).map(Number),
  }
}

/** Headers of our 101: what says how both go on, without extensions. */
const OF_SWITCHING: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'sec-websocket-accept',
  'sec-websocket-protocol',
  'x-stream-protocol-version',
  'audit-id',
])

function switching(headers: HeaderPairs): HeaderPairs {
  return headers.filter(([name]) => OF_SWITCHING.has(name.toLowerCase()))
}

function endingOf({ how, error }: StreamEnd): Pick<Outcome, 'status' | 'code'> {
  const code = { code: '101' }
  if (how === 'ended') return { status: 'completed', ...code }
  if (how === 'cut') return { status: 'aborted', ...code }
  return { status: error instanceof Refusal ? 'cancelled' : 'failed', ...code }
}
