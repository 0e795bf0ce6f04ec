import type { Json, Statement } from '../../../operations/index.ts'
import type { HeaderPairs, Impersonated } from '../../http/index.ts'
import type { RequestTarget } from '../request/index.ts'
import { meaningful } from './headers.ts'
import { holdsSecrets, recordedBody } from './secret-body.ts'

/** The body of a request, as far as it is known before the request is judged. */
export type Body =
  | { readonly kind: 'none' }
  /** @param read undefined where its form is not read */
  | { readonly kind: 'whole'; readonly bytes: Uint8Array; readonly read: Json | undefined }
  /** It is passed on without being looked at, as it is too large or for somebody else. @param length bytes, where the client says it */
  | { readonly kind: 'unread'; readonly length: number | undefined }

/** Our canonical form of a request: what would be forwarded, without credentials. */
export function statementOf(request: RequestTarget, headers: HeaderPairs, identity: Impersonated | undefined, body: Body): Statement {
  const head = headOf(request.method, request, request.channel === '' ? meaningful(headers, request.proxied) : [], identity)
  const { length } = head
  switch (body.kind) {
    case 'none':
      return { text: head }
    case 'unread':
      return { text: Buffer.concat([head, unread(body.length)]), bytes: length + (body.length ?? 0) }
    case 'whole': {
      const text = Buffer.concat([head, body.bytes])
      const isSecret = holdsSecrets(request.info)
      if (!isSecret && (request.form !== 'protobuf' || body.read === undefined)) return { text }
      // Whoever reads what was asked for can read JSON.
      const recorded = isSecret ? recordedBody(body.read, body.bytes.length) : Buffer.from(JSON.stringify(body.read))
      const form = request.form === 'protobuf' ? `[${body.bytes.length} bytes of protobuf, which say:]\n` : ''
      return { text, recorded: Buffer.concat([head, Buffer.from(form), recorded]) }
    }
  }
}

/**
 * What a person approves of it. The opening of a channel is one thing whether it is asked for by GET and WebSocket or by POST and SPDY: kubectl tries
 * the one after the other.
 */
export function approvedStatement(request: RequestTarget, statement: Statement, identity: Impersonated | undefined): Statement {
  return request.channel === '' ? statement : { text: headOf('POST', request, [], identity) }
}

function headOf(method: string, { target }: RequestTarget, headers: HeaderPairs, identity: Impersonated | undefined): Buffer {
  const lines = [`${method} ${target}`, ...headers.map(([name, value]) => `${name}: ${value}`)]
  if (identity) lines.push(`impersonate-user: ${identity.user}`, ...identity.groups.map((group) => `impersonate-group: ${group}`))
  return Buffer.from(`${lines.join('\n')}\n\n`)
}

function unread(length: number | undefined): Uint8Array {
  return Buffer.from(length === undefined ? '[a body that was not read]' : `[${length} bytes that were not read]`)
}
