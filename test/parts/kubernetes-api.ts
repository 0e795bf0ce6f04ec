import { Agent, request } from 'node:https'
import { connect } from 'node:net'

export interface ApiAnswer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  /** Of the text, where it is JSON; undefined otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: objects of Kubernetes, of which each test knows its own.
  readonly json: any
}

export interface ApiCaller {
  call(method: string, path: string, body?: unknown, options?: { readonly token?: string; readonly type?: string }): Promise<ApiAnswer>
  close(): void
}

/** Requests to an API server without a client library in between. */
export function apiCaller(at: { readonly port: number; readonly ca: string; readonly token: string }): ApiCaller {
  const agent = new Agent({ keepAlive: true, ca: at.ca })
  return {
    call: (method, path, body, options = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port: at.port,
            method,
            path,
            headers: {
              authorization: `Bearer ${options.token ?? at.token}`,
              accept: 'application/json',
              ...(body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
            },
          },
          (answer) => {
            const pieces: Buffer[] = []
            answer.on('data', (piece: Buffer) => pieces.push(piece))
            answer.once('error', reject)
            answer.once('end', () => {
              const text = Buffer.concat(pieces).toString()
              resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(text) })
            })
          },
        )
        sent.once('error', reject)
        sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
      }),
    close: () => agent.destroy(),
  }
}

/** Whether somebody listens on a port of 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
