import type { Resource } from '../operations/index.ts'
import type { Path } from './source.ts'

/** A request that a case, or somebody on the command line, asks about. */
export interface AskedRequest {
  readonly method: string
  /** Path and query, as a client would send them; of CONNECT a host and a port. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Absent: there is none. */
  readonly body?: string
  /** What the client would speak instead, such as `websocket`. */
  readonly upgrade?: string
}

/** What somebody asks about: a statement, or a request. */
export type AskedOperation = { readonly sql: string } | { readonly request: AskedRequest }

const LINE = /^([A-Za-z]{1,32}) (\/[\x21-\x7e]*)$/
/** What is asked of the forward proxy: its target is a host and a port. */
const CONNECT = /^(CONNECT) ([\x21-\x2e\x30-\x7e]{3,300})$/

/**
 * @param line `GET /api/v1/pods?limit=5`
 * @param written `headers`, `body` and `upgrade`; a body that is no text is JSON
 * @returns undefined where the line is none
 */
export function askedRequest(
  line: string,
  written: {
    readonly headers?: Readonly<Record<string, string>> | undefined
    readonly body?: unknown
    readonly upgrade?: string | undefined
  } = {},
): AskedRequest | undefined {
  const [, method, target] = LINE.exec(line) ?? CONNECT.exec(line) ?? []
  if (method === undefined || target === undefined) return undefined
  const { headers = {}, body, upgrade } = written
  const given = Object.entries(headers)
  const isTyped = given.some(([name]) => name.toLowerCase() === 'content-type')
  return {
    method,
    target,
    headers: body === undefined || isTyped ? given : [...given, ['content-type', 'application/json']],
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(upgrade !== undefined && { upgrade }),
  }
}

/** What is said of a line that is none. */
export const notARequest = (path: Path, kind?: Resource['kind']) => ({
  code: 'GS_CONFIG_WRONG_VALUE' as const,
  path,
  message: 'This is no request.',
  next:
    kind === 'egress'
      ? 'Write a host and a port: request: CONNECT api.github.com:443.'
      : 'Write a method, a blank and a path: request: GET /api/v1/namespaces/shop/pods.',
})
