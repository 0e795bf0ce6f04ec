import type { Statement } from '../../../operations/index.ts'
import { historiesOf } from '../histories.ts'
import { meaningful } from '../request/headers.ts'
import type { AskedRequest } from '../request/read-request.ts'
import { recordedBody } from '../request/recorded-body.ts'
import { askingForUsage } from '../request/use-asking.ts'

/** A body as it is forwarded, which is what is judged and recorded. */
export interface ForwardedBody {
  readonly body: Buffer | undefined
  /** The same, without being asked for usage by the gateway. */
  readonly unasked: Buffer | undefined
}

/** @param masked of what a client sent, where something is masked */
export function forwardedBody({ body, asksUsage }: AskedRequest, masked?: Buffer): ForwardedBody {
  if (body.kind !== 'whole') return { body: undefined, unasked: undefined }
  const unasked = masked ?? body.bytes
  return { body: asksUsage && body.json ? askingForUsage(unasked, body.json) : unasked, unasked }
}

/** Our canonical form of a request: what is forwarded, without credentials. @param bytes of its body */
export function statementOf(asked: AskedRequest, bytes: Buffer | undefined): Statement {
  const head = headOf(asked)
  const { body } = asked
  if (bytes) {
    const text = Buffer.concat([Buffer.from(head), bytes])
    if (body.kind !== 'whole' || !body.json) return { text }
    const kept = recordedBody(bytes, body.json)
    const recorded = kept === bytes ? undefined : Buffer.concat([Buffer.from(head), kept])
    return { text, ...(recorded && { recorded }), histories: historiesOf(recorded ?? text, text.length - bytes.length) }
  }
  if (body.kind !== 'large') return { text: Buffer.from(head) }
  const unread = body.length === undefined ? '[a body that was not read]' : `[${body.length} bytes that were not read]`
  return { text: Buffer.from(head + unread), bytes: head.length + (body.length ?? 0) }
}

export function headOf({ target: { method, target, headers } }: AskedRequest): string {
  return [`${method} ${target}`, ...meaningful(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join('\n')
}
