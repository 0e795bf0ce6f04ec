import { connect } from 'node:tls'

export interface RawAnswer {
  /** 0 where nothing came. */
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface RawRequest {
  readonly method: string
  /** As it stands in the request line, behind the resource's own prefix. */
  readonly target: string
  readonly headers?: readonly string[]
  readonly body?: string
}

/** Where a kubeconfig leads, for a client that sends what no client library would. */
export interface RawDoor {
  readonly server: string
  readonly token: string
  readonly ca: string
}

/** Sends one request exactly as it is written, and reads all that comes. Header lines may repeat, lack, or be anything. */
export function rawRequest({ server, token, ca }: RawDoor, { method, target, headers = [], body }: RawRequest): Promise<RawAnswer> {
  const { hostname, port, pathname } = new URL(server)
  const prefix = pathname === '/' ? '' : pathname
  const lines = [
    `${method} ${prefix}${target} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    ...(headers.some((line) => /^authorization:/i.test(line)) ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...(headers.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close']),
    ...headers,
  ]
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(
      { host: '127.0.0.1', port: Number(port), ca, servername: hostname === '127.0.0.1' ? 'localhost' : hostname },
      () => {
        socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1')
      },
    )
    const late = setTimeout(() => socket.destroy(), 10_000)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(late)
      const text = Buffer.concat(chunks).toString('latin1')
      const at = text.indexOf('\r\n\r\n')
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), head: text.slice(0, at), body: text.slice(at + 4) })
    })
  })
}
