import { createHash, createHmac } from 'node:crypto'
import { createServer as createPlain, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestCertificate } from './test-certificates.ts'

/** What one request brought, as far as it was taken. */
export interface TakenBatch {
  readonly log: string
  readonly from: number
  readonly to: number
  readonly count: number
  readonly digest: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Id → entry as it is stored. */
  readonly events: ReadonlyMap<string, string>
}

/** What the next request meets: a status, a status with headers, nobody who answers, a cut, an answer that never ends, or a cut after it was taken. */
export type Trouble =
  | number
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'silence'
  | 'cut'
  | 'drip'
  | 'taken-and-cut'

export interface ExportReceiverOptions {
  readonly kind: 'ocsf' | 'otlp' | 'webhook'
  readonly tls?: TestCertificate
  readonly port?: number
}

/** Somebody who takes what an export sends, drops what he has, and checks what every batch says of itself. */
export interface ExportReceiver {
  readonly url: string
  readonly port: number
  readonly secret: string
  readonly token: string
  readonly batches: readonly TakenBatch[]
  /** Each once, in the order in which they came first: id → entry. */
  readonly entries: ReadonlyMap<string, string>
  /** How many came that were there already. */
  readonly doubles: number
  /** Whoever comes; also who is turned away. */
  readonly calls: number
  /** Notices, as they came. */
  readonly notices: readonly unknown[]
  readonly trouble: Trouble[]
  /** Is asked where there is no trouble. @returns a status, or undefined to take it */
  judge: (batch: TakenBatch) => Trouble | undefined
  /** SHA-256 over the leaf hashes of everything that is there, in order of their places. */
  digest(): string
  close(): Promise<void>
}

const SECRET = 'a signing secret of the tests'
const TOKEN = 'Bearer a-token-of-the-tests'

export async function startExportReceiver({ kind, tls, port = 0 }: ExportReceiverOptions): Promise<ExportReceiver> {
  const batches: TakenBatch[] = []
  const entries = new Map<string, string>()
  const notices: unknown[] = []
  const trouble: Trouble[] = []
  const known = { doubles: 0, calls: 0, judge: (_: TakenBatch): Trouble | undefined => undefined }

  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      known.calls++
      const body = Buffer.concat(chunks).toString()
      if (request.headers.authorization !== TOKEN) return void response.writeHead(401).end()
      if (kind === 'webhook' && !isSigned(request.headers, body)) return void response.writeHead(401).end()
      const read = readBatch(kind, request.headers, body)
      const next = trouble.shift() ?? known.judge(read.batch)
      if (next === 'silence') return
      if (next === 'cut') return void request.socket.destroy()
      if (next === 'drip') {
        response.writeHead(200)
        const dripping = setInterval(() => response.write(' '), 20)
        response.once('close', () => clearInterval(dripping))
        return
      }
      const { status, headers = {}, body: said } = typeof next === 'object' ? next : { status: typeof next === 'number' ? next : 200 }
      if (status >= 200 && status < 300 && said === undefined) {
        batches.push(read.batch)
        notices.push(...read.notices)
        for (const [id, entry] of read.batch.events) {
          if (entries.has(id)) known.doubles++
          else entries.set(id, entry)
        }
      }
      if (next === 'taken-and-cut') return void request.socket.destroy()
      response.writeHead(status, { ...(status >= 300 && status < 400 && { location: '/elsewhere' }), ...headers }).end(said ?? '{}')
    })
  }
  const server = tls ? createSecure({ cert: tls.certificate, key: tls.key }, listener) : createPlain(listener)
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const bound = (server.address() as AddressInfo).port
  return {
    ...{
      url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}/v1/logs`,
      port: bound,
      secret: SECRET,
      token: TOKEN,
      batches,
      entries,
      notices,
      trouble,
    },
    get doubles() {
      return known.doubles
    },
    get calls() {
      return known.calls
    },
    get judge() {
      return known.judge
    },
    set judge(judge) {
      known.judge = judge
    },
    digest: () => digestOf([...entries].sort(([a], [b]) => placeOf(a) - placeOf(b)).map(([, entry]) => entry)),
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const placeOf = (id: string) => Number(id.slice(id.lastIndexOf('/') + 1))

/** As docs/exports.md says, with nothing of the gateway's code. */
export function digestOf(entries: readonly string[]): string {
  const hash = createHash('sha256')
  for (const entry of entries) hash.update(createHash('sha256').update('\0').update(entry).digest())
  return `sha256:${hash.digest('hex')}`
}

function isSigned(headers: IncomingHttpHeaders, body: string): boolean {
  const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-gatescribe-signature'])) ?? []
  return createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex') === v1 && Math.abs(Date.now() / 1_000 - Number(t)) < 300
}

interface Read {
  readonly batch: TakenBatch
  readonly notices: readonly unknown[]
}

/** @throws Error where a batch is not what it says of itself */
function readBatch(kind: ExportReceiverOptions['kind'], headers: IncomingHttpHeaders, body: string): Read {
  const said = /^log=(\S+); from=(\d+); to=(\d+); count=(\d+); digest=(sha256:[0-9a-f]{64})$/.exec(String(headers['x-gatescribe-batch']))
  if (!said) throw new Error(`no batch is described by ${headers['x-gatescribe-batch']}`)
  const [, log = '', from, to, count, digest = ''] = said
  const { events, notices } = READERS[kind](JSON.parse(body), body)
  const batch = { log, from: Number(from), to: Number(to), count: Number(count), digest, headers, body, events }
  if (events.size !== batch.count || digestOf([...events.values()]) !== digest)
    throw new Error(`not what it says: ${headers['x-gatescribe-batch']}`)
  return { batch, notices }
}

type Reader = (parsed: unknown, body: string) => { readonly events: ReadonlyMap<string, string>; readonly notices: readonly unknown[] }

const READERS: Readonly<Record<ExportReceiverOptions['kind'], Reader>> = {
  webhook(parsed) {
    const { events, notices } = parsed as { events: { id: string; entry: object }[]; notices: unknown[] }
    // RFC 8785 sorts names, which JavaScript keeps as they come.
    return { events: new Map(events.map(({ id, entry }) => [id, JSON.stringify(entry)])), notices }
  },
  ocsf(parsed) {
    const all = parsed as { metadata: { uid: string }; raw_data?: string }[]
    return {
      events: new Map(all.flatMap(({ metadata: { uid }, raw_data: raw }) => (raw === undefined ? [] : [[uid, raw] as const]))),
      notices: all.filter(({ raw_data: raw }) => raw === undefined),
    }
  },
  otlp(parsed) {
    interface Record {
      readonly eventName: string
      readonly body: { readonly stringValue: string }
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[]
    }
    const { resourceLogs } = parsed as { resourceLogs: { scopeLogs: { logRecords: Record[] }[] }[] }
    const all = resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    const uidOf = ({ attributes }: Record) => attributes.find(({ key }) => key === 'log.record.uid')?.value.stringValue ?? ''
    const isNotice = ({ eventName }: Record) => eventName.startsWith('gatescribe.notice.')
    return {
      events: new Map(all.filter((one) => !isNotice(one)).map((one) => [uidOf(one), one.body.stringValue])),
      notices: all.filter(isNotice),
    }
  },
}
