import { createServer, type IncomingMessage, type Server } from 'node:http'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { zstdDecompressSync } from 'node:zlib'
import { findingsOf } from '../../../src/masking/index.ts'
import type { Mask } from '../../../src/operations/index.ts'
import { agreedStream, offeredProtocols, relayStream, type StreamEnd } from '../../../src/protocols/kubernetes/streams/index.ts'
import { ExchangeRecorder } from '../../../src/recording/exchange-recorder.ts'
import { ExchangeTranscriber, SegmentEncoder } from '../../../src/recording/index.ts'
import { Reel } from '../../../src/recording/reel.ts'
import type { RunningCluster } from '../../parts/kubernetes-cluster.ts'

/** What became of one stream that went through. */
export interface Relayed {
  readonly carrier: string
  readonly protocol: string
  readonly end: StreamEnd
  /** Events, without times. */
  readonly said: readonly unknown[][]
  /** In order; never less than the one before. */
  readonly times: readonly number[]
}

/** Stands before a cluster, without a guard: requests pass as they are, as the administrator, and streams by the relay under test. */
export class StreamRelayServer {
  readonly relayed: Relayed[] = []
  masks: readonly Mask[] = []
  /** Aborts what is open. */
  ending = new AbortController()
  /** Wait for what is under way: a stream is listed here when its connections have ended. */
  #open = 0
  readonly #cluster: RunningCluster
  readonly #server: Server

  constructor(cluster: RunningCluster) {
    this.#cluster = cluster
    this.#server = createServer((asked, answer) => {
      const { port, ca, adminToken } = cluster
      const passed = request(
        {
          host: '127.0.0.1',
          port,
          ca,
          servername: 'localhost',
          method: asked.method,
          path: asked.url,
          headers: { ...asked.headers, authorization: `Bearer ${adminToken}` },
        },
        (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers)
          got.pipe(answer)
        },
      )
      passed.on('error', () => answer.destroy())
      asked.pipe(passed)
    })
    this.#server.on('upgrade', (asked, socket, head) => {
      void this.#upgrade(asked, socket, head).catch(() => socket.destroy())
    })
  }

  /** Streams that are under way. */
  get open(): number {
    return this.#open
  }

  /** @returns its URL */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await new Promise((resolve) => this.#server.once('listening', resolve))
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** Once nothing is under way. */
  async settled(): Promise<readonly Relayed[]> {
    while (this.#open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    return this.relayed.splice(0)
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #upgrade(asked: IncomingMessage, client: Duplex, clientHead: Buffer): Promise<void> {
    this.#open++
    try {
      const url = new URL(asked.url ?? '', 'http://x')
      const isWebSocket = asked.headers.upgrade === 'websocket'
      const name = isWebSocket ? 'sec-websocket-protocol' : 'x-stream-protocol-version'
      const offer = values(asked, name)
      const offered = isWebSocket ? offeredProtocols(offer, this.masks.length > 0) : offer
      const { target, headers, head, status, text } = await this.#open101(asked, name, offered)
      client.write(text)
      if (status !== 101) {
        client.end(head)
        target.pipe(client)
        return
      }
      const action = /\/(exec|attach|portforward)$/.exec(url.pathname)?.[1] as 'exec'
      const ports = url.searchParams.getAll('ports').flatMap((list) => list.split(',').map(Number))
      const agreed = agreedStream({ action, tty: url.searchParams.get('tty') === 'true', ports }, offered, headers)
      const reel = new Reel('ses_1', false, { began: () => undefined, full: (full) => this.#take(full, encoded), crowded: false })
      const encoded: Buffer[] = []
      const recorder = new ExchangeRecorder(reel, { rows: 1000, bytes: 1024 * 1024 }, true)
      recorder.request(1, { method: asked.method ?? '', target: asked.url ?? '' })
      const end = await relayStream({
        ...{ client, target, head: { client: clientHead, target: head }, agreed, recorder },
        ...{ findings: findingsOf(this.masks), charge: () => undefined, signal: this.ending.signal },
      })
      recorder.end()
      this.#take(reel, encoded)
      const events = encoded.flatMap((lines) =>
        lines
          .toString()
          .split('\n')
          .slice(1, -1)
          .map((line) => JSON.parse(line) as [number, ...unknown[]]),
      )
      const said = events.map((event) => event.slice(1)).filter(([code]) => code !== 'op')
      this.relayed.push({ carrier: agreed.carrier, protocol: agreed.protocol, end, said, times: events.map(([at]) => at) })
    } finally {
      this.#open--
    }
  }

  readonly #encoder = new SegmentEncoder({ kubernetes: (lines) => new ExchangeTranscriber(lines) })

  #take(reel: Reel, encoded: Buffer[]): void {
    const { tape, shown } = reel.take()
    const { content, fault } = this.#encoder.take({ ...{ n: 1, session: 'ses_1', protocol: 'kubernetes', segment: 1, started: '' }, tape })!
    if (fault !== undefined) throw new Error(fault)
    encoded.push(zstdDecompressSync(content))
    reel.settled(shown)
  }

  async #open101(asked: IncomingMessage, name: string, offered: readonly string[]) {
    const { port, ca, adminToken } = this.#cluster
    const target = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] })
    await new Promise((resolve, reject) => target.once('secureConnect', resolve).once('error', reject))
    const dropped = new Set(['authorization', 'sec-websocket-extensions', name])
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`]
    for (let at = 0; at < asked.rawHeaders.length; at += 2) {
      if (!dropped.has(asked.rawHeaders[at]!.toLowerCase())) lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`)
    }
    for (const protocol of offered) lines.push(`${name}: ${protocol}`)
    target.write(`${lines.join('\r\n')}\r\nAuthorization: Bearer ${adminToken}\r\n\r\n`)
    let came = Buffer.alloc(0)
    for (;;) {
      const end = came.indexOf('\r\n\r\n')
      if (end >= 0) {
        target.pause()
        target.removeAllListeners('data')
        const text = came.toString('latin1', 0, end + 4)
        const headers = text
          .trimEnd()
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
        return { target, headers, head: came.subarray(end + 4), status: Number(text.split(' ')[1]), text }
      }
      const chunk = await new Promise<Buffer>((resolve, reject) => {
        target.once('data', resolve)
        target.once('end', () => reject(new Error('ended')))
      })
      target.pause()
      came = Buffer.concat([came, chunk])
    }
  }
}

function values(asked: IncomingMessage, name: string): string[] {
  const found: string[] = []
  for (let at = 0; at < asked.rawHeaders.length; at += 2) {
    if (asked.rawHeaders[at]!.toLowerCase() === name) found.push(...asked.rawHeaders[at + 1]!.split(',').map((value) => value.trim()))
  }
  return found
}
