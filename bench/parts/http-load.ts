// One load on a server in HTTP, such as an API server, or on what is in front of it, said as JSON on the command line; prints what it did as JSON. A process of its own, so that its
// CPU can be told from everybody else's.
import { Agent, type RequestOptions, request } from 'node:https'
import { watch } from '../../test/kubernetes/watching.ts'

/** What is to be done. */
export interface Load {
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly work: 'get' | 'read' | 'write' | 'watch'
  /** `get`, `read`, `write`: below the server. */
  readonly path?: string
  /** `get`: how many connections, each with one request after the other. */
  readonly connections?: number
  /** `get`: for how long. */
  readonly seconds?: number
  /** `read`, `write`: how often. */
  readonly times?: number
  /** `write`: how many bytes each time. */
  readonly size?: number
  /** `watch`: how many at once, and where the events are made. */
  readonly watches?: number
  readonly events?: number
  readonly source?: { readonly server: string; readonly ca: string; readonly token: string }
}

/** What was done. */
export interface Done {
  readonly count: number
  readonly seconds: number
  /** Mean of one, ms. */
  readonly latency: number
  readonly bytes: number
}

const WORKS = { get: gets, read: reads, write: writes, watch: watched }
const load = JSON.parse(process.argv[2] as string) as Load
console.log(JSON.stringify(await WORKS[load.work](load)))
process.exit(0)

function ask(
  agent: Agent,
  at: { server: string; ca: string; token: string },
  path: string,
  more: RequestOptions = {},
  body?: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${at.token}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const sent = request(`${at.server}${path}`, { agent, ca: at.ca, headers, ...more }, (answer) => {
      let bytes = 0
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length
      })
      answer.once('error', reject)
      answer.once('end', () =>
        (answer.statusCode ?? 500) < 300 ? resolve(bytes) : reject(new Error(`answered with ${answer.statusCode}`)),
      )
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

async function gets({ path = '/', connections = 1, seconds = 1, ...at }: Load): Promise<Done> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  await Promise.all(Array.from({ length: connections }, () => ask(agent, at, path)))
  const began = performance.now()
  let count = 0
  let bytes = 0
  let spent = 0
  const until = began + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < until) {
        const asked = performance.now()
        const length = await ask(agent, at, path)
        bytes += length
        spent += performance.now() - asked
        count += 1
      }
    }),
  )
  return { count, seconds: (performance.now() - began) / 1000, latency: spent / count, bytes }
}

async function reads({ path = '/', times = 1, ...at }: Load): Promise<Done> {
  const agent = new Agent({ keepAlive: true })
  const began = performance.now()
  let bytes = 0
  for (let time = 0; time < times; time += 1) bytes += await ask(agent, at, path)
  const ms = performance.now() - began
  return { count: times, seconds: ms / 1000, latency: ms / times, bytes }
}

async function writes({ path = '/', times = 1, size = 1, ...at }: Load): Promise<Done> {
  const agent = new Agent({ keepAlive: true })
  const body = 'x'.repeat(size)
  const began = performance.now()
  for (let time = 0; time < times; time += 1) await ask(agent, at, path, { method: 'POST' }, body)
  const ms = performance.now() - began
  return { count: times, seconds: ms / 1000, latency: ms / times, bytes: times * size }
}

/** Makes one thing after the other, each as soon as every watch has told of the one before. */
async function watched({ watches = 1, events = 1, source, ...at }: Load): Promise<Done> {
  if (!source) throw new Error('where are the events made?')
  const agent = new Agent({ keepAlive: true })
  const open = []
  for (let made = 0; made < watches; made += 50)
    open.push(...(await Promise.all(Array.from({ length: Math.min(50, watches - made) }, () => watch(at, '&labelSelector=of%3Dbench')))))
  const mark = process.pid
  const began = performance.now()
  for (let event = 0; event < events; event += 1) {
    const name = `event-${mark}-${event}`
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { of: 'bench' } } }
    await Promise.all([
      ask(agent, source, '/api/v1/namespaces/default/configmaps', { method: 'POST' }, JSON.stringify(object)),
      ...open.map((one) => one.event(name)),
    ])
  }
  const ms = performance.now() - began
  for (const one of open) one.stop()
  return { count: events * watches, seconds: ms / 1000, latency: ms / events, bytes: 0 }
}
