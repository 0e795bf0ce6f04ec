import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Somebody who is told by a webhook, and checks the signature as docs/approvals.md says. */
export interface WebhookReceiver {
  readonly url: string
  readonly secret: string
  /** What was taken, in order. */
  readonly taken: readonly Notification[]
  /** How often somebody came. */
  readonly calls: number
  /** What the next ones meet: a status, or nobody who answers. */
  readonly trouble: (number | 'silence')[]
  /** The last one's headers. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  close(): Promise<void>
}

export interface Notification {
  readonly id: string
  readonly event: string
  readonly request: Readonly<Record<string, unknown>>
  readonly link: string
}

const SECRET = 'a webhook secret of the tests'

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const taken: Notification[] = []
  const trouble: (number | 'silence')[] = []
  let calls = 0
  let headers = {}
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      calls++
      headers = request.headers
      const next = trouble.shift()
      if (next === 'silence') return
      const body = Buffer.concat(chunks).toString()
      const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['x-gatescribe-signature'])) ?? []
      const isSigned = createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex') === v1
      const isFresh = Math.abs(Date.now() / 1_000 - Number(t)) < 300
      const status = next ?? (isSigned && isFresh && request.headers['content-type'] === 'application/json' ? 204 : 401)
      if (status === 204) taken.push(JSON.parse(body) as Notification)
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end()
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    secret: SECRET,
    taken,
    trouble,
    get calls() {
      return calls
    },
    get headers() {
      return headers
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
