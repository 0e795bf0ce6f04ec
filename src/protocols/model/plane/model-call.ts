import type { CodedError, ModelResource } from '../../../operations/index.ts'
import { type Admitted, type Exchange, firstOf, type HeaderPairs, type UpstreamRequest } from '../../http/index.ts'
import type { AskedRequest } from '../request/read-request.ts'
import type { KeepAlive } from './keep-alive.ts'

/** A request that may go. */
export interface ModelCall {
  readonly exchange: Exchange
  readonly asked: AskedRequest
  /** As it is forwarded, where it was read. */
  readonly body: Buffer | undefined
  /** The same without being asked for usage. */
  readonly unasked: Buffer | undefined
  readonly admitted: Admitted
  readonly resource: ModelResource
  readonly maskKey: Uint8Array | undefined
  /** Stopped. */
  readonly keepAlive: KeepAlive
  /** Its server refuses to be asked for usage. */
  refusesAsking(): void
  /** Says no where nothing has been said yet, or nothing but comments. Records what it says. */
  refuse(error: CodedError): void
  /** It came to nothing, and may be tried again. */
  failed(): void
}

/** @param headers as they are sent */
export function upstreamOf({ asked, body }: Pick<ModelCall, 'asked' | 'body'>, headers: HeaderPairs): UpstreamRequest {
  const { target } = asked
  return {
    ...{ method: target.method, path: target.target, headers },
    ...(body && { body }),
    ...(asked.body.kind === 'large' && {
      body: asked.body.stream,
      ...(asked.body.length !== undefined && { bodyLength: asked.body.length }),
    }),
  }
}

/** How the recording calls it. */
export function recordedHead({ asked: { target }, body }: Pick<ModelCall, 'asked' | 'body'>) {
  const type = firstOf(target.headers, 'content-type')
  return {
    ...{ method: target.method, target: target.target },
    ...(type !== undefined && { type }),
    ...(body && { bytes: body.length }),
  }
}
