import { Refusal } from '../../../operations/index.ts'
import { ClientLeft } from '../plane.ts'
import { failed } from '../relay/failing.ts'
import type { Forwarding } from '../relay/forward.ts'
import { passAnswer } from '../relay/passing.ts'
import { Timed } from '../relay/timed.ts'
import { tunnel } from '../relay/tunnel.ts'
import { isUpgraded, type UpstreamAnswer, type UpstreamRequest } from '../target.ts'

export interface WebSocketOpening extends Omit<Forwarding, 'request'> {
  readonly upstream: UpstreamRequest
  readonly protocol: string
}

/** As `forward`, for what goes on as a WebSocket: bytes pass both ways until one side ends, and count as the operation's. Never rejects. */
export async function openWebSocket({ exchange, admitted, upstream, protocol, recorded, refuse, change }: WebSocketOpening): Promise<void> {
  const { admission, number } = admitted
  const { session, answer } = exchange
  const timed = new Timed(exchange.signal, admission)
  let plain: UpstreamAnswer | undefined
  let sent = false
  try {
    session.exchanges?.request(number, recorded)
    const target = await exchange.target()
    timed.signal.throwIfAborted()
    sent = true
    const opened = await target.upgrade(upstream, protocol, timed.signal)
    if (!isUpgraded(opened)) {
      plain = opened
      await passAnswer(exchange, admission, opened, change?.(opened, target) ?? { headers: opened.headers }, timed.signal)
      admission.settle({ status: opened.status < 400 ? 'completed' : 'failed', code: String(opened.status) })
      return
    }
    const recording = session.exchanges?.answer({ status: 101 })
    const headers = opened.headers.filter(([name]) => !/^sec-websocket-extensions$/i.test(name))
    const client = answer.upgrade(headers.map(([name, value]) => [name, target.redact(value)]))
    const why = await tunnel({
      client: client.socket,
      target: opened.socket,
      heads: { client: client.head, target: opened.head },
      change: target.redactor(),
      record: (bytes) => recording?.add(bytes),
      recorder: session.exchanges,
      charge: (bytes) => admission.charge(0, bytes),
      signal: timed.signal,
    })
    recording?.end(why === undefined ? 'complete' : 'cut')
    const status = why instanceof Refusal ? 'cancelled' : why instanceof ClientLeft ? 'aborted' : 'completed'
    admission.settle({ status, code: '101' })
  } catch (error) {
    plain?.body.destroy()
    failed(exchange, admission, error, { sent, status: plain?.status }, refuse)
  } finally {
    timed.stop()
  }
}
