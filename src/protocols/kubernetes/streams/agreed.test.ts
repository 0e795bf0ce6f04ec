import { describe, expect, it } from 'vitest'
import { StreamError } from '../wire/index.ts'
import { agreedStream, offeredProtocols } from './agreed.ts'

const exec = { action: 'exec', tty: false, ports: [] } as const
const forward = { action: 'portforward', tty: false, ports: [80] } as const
const webSocket = (protocol?: string) => [
  ['Upgrade', 'websocket'] as const,
  ...(protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol] as const]),
]
const spdy = (protocol?: string) => [
  ['Upgrade', 'SPDY/3.1'] as const,
  ...(protocol === undefined ? [] : [['X-Stream-Protocol-Version', protocol] as const]),
]

const codeOf = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error instanceof StreamError ? error.code : `not coded: ${error}`
  }
  return 'nothing'
}

describe('what is offered to the target', () => {
  it('is what is understood', () => {
    const offer = [
      'v5.channel.k8s.io',
      'v4.base64.channel.k8s.io',
      'base64url.bearer.authorization.k8s.io.dG9rZW4',
      'v6.channel.k8s.io',
      'SPDY/3.1+portforward.k8s.io',
      'x',
    ]
    expect(offeredProtocols(offer, false)).toEqual(['v5.channel.k8s.io', 'v4.base64.channel.k8s.io', 'SPDY/3.1+portforward.k8s.io'])
  })

  it('is nothing in base64 where what commands write is masked', () => {
    expect(offeredProtocols(['base64.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io'], true)).toEqual(['channel.k8s.io'])
  })
})

describe('what both ends agreed on', () => {
  it.each([
    [exec, webSocket('v5.channel.k8s.io'), 'channels', 5, false],
    [exec, webSocket('v4.base64.channel.k8s.io'), 'channels', 4, true],
    [exec, webSocket(), 'channels', 1, false],
    [exec, webSocket(''), 'channels', 1, false],
    [exec, spdy('v4.channel.k8s.io'), 'spdy', 4, false],
    [exec, spdy(), 'spdy', 1, false],
    [forward, spdy('portforward.k8s.io'), 'spdy', 1, false],
    [forward, webSocket('SPDY/3.1+portforward.k8s.io'), 'tunnel', 1, false],
    [forward, webSocket('v4.channel.k8s.io'), 'channels', 4, false],
  ] as const)('is read: %j %j', (asked, headers, form, version, base64) => {
    const offered = headers.map(([, protocol]) => protocol)
    expect(agreedStream(asked, offered, headers)).toMatchObject({ form, version, base64 })
  })

  it.each([
    ['what was not offered', exec, ['v4.channel.k8s.io'], webSocket('v5.channel.k8s.io')],
    ['what is not understood', exec, ['v9'], webSocket('v9')],
    [
      'an extension',
      exec,
      ['v5.channel.k8s.io'],
      [...webSocket('v5.channel.k8s.io'), ['sec-websocket-extensions', 'permessage-deflate'] as const],
    ],
    ['another protocol', exec, [], [['Upgrade', 'h2c'] as const]],
    ['none', exec, [], []],
    [
      'two',
      exec,
      ['v4.channel.k8s.io', 'v5.channel.k8s.io'],
      [...webSocket('v4.channel.k8s.io'), ['Sec-WebSocket-Protocol', 'v5.channel.k8s.io'] as const],
    ],
    ['a tunnel of SPDY for a command', exec, ['SPDY/3.1+portforward.k8s.io'], webSocket('SPDY/3.1+portforward.k8s.io')],
    ['a channel protocol for a port-forward by SPDY', forward, ['v4.channel.k8s.io'], spdy('v4.channel.k8s.io')],
    ['channels for ports that were not named', { ...forward, ports: [] }, ['v4.channel.k8s.io'], webSocket('v4.channel.k8s.io')],
  ] as const)('is refused where the target answers %s', (_, asked, offered, headers) => {
    expect(codeOf(() => agreedStream(asked, offered, headers))).toBe('GS_K8S_STREAM_UNKNOWN')
  })
})
