import { request } from 'node:https'
import type { Mask } from '../../../src/operations/index.ts'
import { answerMasks } from '../../../src/protocols/kubernetes/mask/index.ts'
import { readTarget } from '../../../src/protocols/kubernetes/request/index.ts'
import type { RunningCluster } from '../../parts/kubernetes-cluster.ts'
import type { Ask } from './asks.ts'

/** Of the operator `hash`. */
export const KEY = Buffer.alloc(32, 1)

/** What came for a request. */
export interface Came {
  /** Of HTTP; 0 where it was refused before it was sent, or cut. */
  readonly status: number
  /** Everything that the client sees: headers and body. */
  readonly bytes: Buffer
  readonly body: string
}

/** Asks the API server itself, and masks as the gateway would, without rules: so that nothing but masks keeps a value. */
export async function askMasked(cluster: RunningCluster, masks: readonly Mask[], ask: Ask): Promise<Came> {
  const [rawPath = '', rawQuery] = ask.path.split('?')
  const headers = Object.entries({ ...ask.headers })
  let sent: readonly (readonly [string, string])[] = headers
  let masking: ReturnType<typeof answerMasks>
  try {
    const { info } = readTarget({ method: ask.method, rawPath, rawQuery, headers, upgrade: false })
    masking = answerMasks({ masks, ...info, key: KEY })
    if (masking) sent = masking.requestHeaders(headers)
  } catch (error) {
    const said = Buffer.from(String(error))
    return { status: 0, bytes: said, body: said.toString() }
  }
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port: cluster.port, ca: cluster.ca, method: ask.method, path: ask.path },
        headers: { ...Object.fromEntries(sent), authorization: `Bearer ${cluster.adminToken}` },
      },
      (answer) => {
        const out: Uint8Array[] = []
        const cut = (error: unknown) => {
          asked.destroy()
          const bytes = Buffer.concat([...out, Buffer.from(String(error))])
          resolve({ status: 0, bytes, body: bytes.toString() })
        }
        try {
          const pairs = Object.entries(answer.headers).flatMap(([name, value]) =>
            [value].flat().map((each) => [name, String(each)] as const),
          )
          const changed = masking?.answer(answer.statusCode ?? 0, pairs) ?? { headers: pairs, body: undefined }
          const shown = changed.headers.map(([name, value]) => `${name}: ${value}\n`).join('')
          const isHead = ask.method === 'HEAD'
          answer.on('data', (chunk: Buffer) => {
            try {
              out.push(Uint8Array.from(changed.body && !isHead ? changed.body.push(chunk, 0) : chunk))
            } catch (error) {
              cut(error)
            }
          })
          answer.once('error', cut)
          answer.once('end', () => {
            try {
              if (changed.body && !isHead) out.push(changed.body.end())
              const body = Buffer.concat(out)
              resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat([Buffer.from(shown), body]), body: body.toString() })
            } catch (error) {
              cut(error)
            }
          })
        } catch (error) {
          cut(error)
        }
      },
    )
    asked.once('error', reject)
    asked.end(ask.body)
  })
}
