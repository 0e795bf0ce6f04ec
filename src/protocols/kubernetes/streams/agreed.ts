import { StreamError } from '../wire/index.ts'

/** What a client asked to open, as its request says. */
export interface AskedStream {
  readonly action: 'exec' | 'attach' | 'portforward'
  /** What the command writes is a terminal's. */
  readonly tty: boolean
  /** Of a port-forward over WebSocket channels, in the order of the request. */
  readonly ports: readonly number[]
}

/** What both ends agreed on, in terms of what is read here. */
export interface AgreedStream extends AskedStream {
  readonly carrier: 'websocket' | 'spdy'
  /** As the target named it; '' where it named none. */
  readonly protocol: string
  /**
   * channels — messages of a WebSocket, each on a channel; spdy — streams of SPDY; tunnel — the same within messages of a WebSocket.
   */
  readonly form: 'channels' | 'spdy' | 'tunnel'
  /** Channels in base64. */
  readonly base64: boolean
  /** 1 to 5 of `v5.channel.k8s.io`; how a command ends is told in JSON from 4 on. */
  readonly version: number
}

type Headers = readonly (readonly [name: string, value: string])[]

/** Sub-protocols of an exec or attach by WebSocket (RFC 6455 §1.9), and of a port-forward. Without any, it is the first version. */
const CHANNELS = /^(?:v([1-5])\.)?(base64\.)?channel\.k8s\.io$/
const TUNNEL = 'SPDY/3.1+portforward.k8s.io'
const FORWARD = 'portforward.k8s.io'
const SPDY = 'spdy/3.1'

/**
 * Which of the sub-protocols that a client offers may be offered to the target: those that are understood. Where what commands write is masked,
 * not those in base64, as a masked text has to be as long as it was.
 */
export function offeredProtocols(offer: readonly string[], masked: boolean): readonly string[] {
  return offer.filter((protocol) => {
    const channel = CHANNELS.exec(protocol)
    return channel ? !(masked && channel[2] !== undefined) : protocol === TUNNEL || protocol === FORWARD
  })
}

/**
 * What the target agreed to, as its 101 says.
 * @throws StreamError GS_K8S_STREAM_UNKNOWN where that is not understood, or was not offered
 */
export function agreedStream(asked: AskedStream, offered: readonly string[], answer: Headers): AgreedStream {
  const of = (name: string) => answer.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
  const upgrade = of('upgrade').join().toLowerCase()
  if (of('sec-websocket-extensions').length > 0) throw unknown('the target uses an extension of WebSocket that it was not offered')
  if (upgrade === SPDY) {
    const [protocol = '', ...more] = of('x-stream-protocol-version')
    if (more.length > 0 || (protocol !== '' && !offered.includes(protocol)))
      throw unknown('the target chose a protocol that it was not offered')
    if (asked.action === 'portforward' && protocol !== '' && protocol !== FORWARD)
      throw unknown('the target chose another protocol than that of port-forwards')
    return {
      ...asked,
      carrier: 'spdy',
      protocol,
      form: 'spdy',
      base64: false,
      version: asked.action === 'portforward' ? 1 : versionOf(protocol),
    }
  }
  if (upgrade !== 'websocket') throw unknown('the target switched to a protocol that it was not asked for')
  const [protocol = '', ...more] = of('sec-websocket-protocol')
  if (more.length > 0 || (protocol !== '' && !offered.includes(protocol)))
    throw unknown('the target chose a protocol that it was not offered')
  const webSocket = { ...asked, carrier: 'websocket', protocol } as const
  if (protocol === TUNNEL && asked.action === 'portforward') return { ...webSocket, form: 'tunnel', base64: false, version: 1 }
  const base64 = CHANNELS.exec(protocol)?.[2] !== undefined
  if (asked.action === 'portforward' && asked.ports.length === 0) throw unknown('a port-forward by channels names no port')
  return { ...webSocket, form: 'channels', base64, version: protocol === FORWARD ? 1 : versionOf(protocol) }
}

function versionOf(protocol: string): number {
  if (protocol === '') return 1
  const channel = CHANNELS.exec(protocol)
  if (!channel) throw unknown('the target chose a protocol that is not understood')
  return Number(channel[1] ?? 1)
}

function unknown(reason: string): StreamError {
  return new StreamError('GS_K8S_STREAM_UNKNOWN', reason)
}
