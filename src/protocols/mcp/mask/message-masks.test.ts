import { describe, expect, it } from 'vitest'
import type { Mask } from '../../../operations/index.ts'
import { MessageMasks } from './message-masks.ts'

const mask: Mask = {
  ...{ name: 'mails', columns: [], detect: ['email'], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
}
const mail = 'jane.doe@example.com'
const masked = (message: object, masks: readonly Mask[] = [mask]) => {
  const made = new MessageMasks(masks, undefined)
  const shown = JSON.parse(Buffer.from(made.apply(Buffer.from(JSON.stringify(message)))).toString()) as unknown
  return { shown, counts: made.counts() }
}

describe('what is shown of a message', () => {
  it('is masked in texts, structured content at any depth, resources, prompts, errors and notifications', () => {
    const result = (value: object) => ({ jsonrpc: '2.0', id: 1, result: value })
    const table: readonly [object, object][] = [
      [result({ content: [{ type: 'text', text: `to ${mail}` }] }), result({ content: [{ type: 'text', text: 'to [email]' }] })],
      [
        result({ structuredContent: { a: [{ data: mail, blob: mail, n: 1 }] } }),
        result({ structuredContent: { a: [{ data: '[email]', blob: '[email]', n: 1 }] } }),
      ],
      [result({ contents: [{ uri: 'file:///a', text: mail }] }), result({ contents: [{ uri: 'file:///a', text: '[email]' }] })],
      [
        result({ content: [{ type: 'resource', resource: { text: mail } }] }),
        result({ content: [{ type: 'resource', resource: { text: '[email]' } }] }),
      ],
      [
        result({ messages: [{ role: 'user', content: { type: 'text', text: mail } }] }),
        result({ messages: [{ role: 'user', content: { type: 'text', text: '[email]' } }] }),
      ],
      [
        { jsonrpc: '2.0', id: mail, error: { code: -1, message: mail, data: [mail] } },
        { jsonrpc: '2.0', id: mail, error: { code: -1, message: '[email]', data: ['[email]'] } },
      ],
      [
        { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: mail, message: mail } },
        { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: mail, message: '[email]' } },
      ],
    ]
    for (const [message, expected] of table) expect(masked(message).shown).toEqual(expected)
  })

  it('is looked into where base64 holds text, and passes where it does not', () => {
    const base64 = (text: string, encoding?: BufferEncoding) => Buffer.from(text, encoding).toString('base64')
    const picture = base64('\xff\xd8\xff jane.doe@example.com', 'latin1')
    const message = {
      jsonrpc: '2.0',
      id: 1,
      result: { contents: [{ blob: base64(`to ${mail}`) }], content: [{ type: 'image', data: picture }] },
    }
    const { shown, counts } = masked(message)
    expect(shown).toEqual({
      ...message,
      result: { contents: [{ blob: base64('to [email]') }], content: [{ type: 'image', data: picture }] },
    })
    expect(counts).toEqual([['mails', 'email', 1]])
  })

  it('is looked into where base64 is on lines, and where what should be base64, or a name of the protocol, is something else', () => {
    const lines = Buffer.from(`to ${mail}, and so on`)
      .toString('base64')
      .replace(/(.{8})/g, '$1\n')
    const result = (data: string, more: object) => ({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'audio', data, ...more }] } })
    expect(masked(result(lines, { mimeType: 'audio/ogg; charset=binary' })).shown).toEqual(
      result(Buffer.from('to [email], and so on').toString('base64'), { mimeType: 'audio/ogg; charset=binary' }),
    )
    expect(masked(result(`to ${mail}`, { type: mail, mimeType: mail, blob: { a: mail } })).shown).toEqual(
      result('to [email]', { type: '[email]', mimeType: '[email]', blob: { a: '[email]' } }),
    )
  })

  it('is refused where a mask wants that of what nobody can look into', () => {
    const message = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'image', data: Buffer.from([0xff, 0xd8]).toString('base64') }] } }
    expect(() => masked(message, [{ ...mask, binary: 'refuse' }])).toThrow(
      expect.objectContaining({ code: 'GS_MASKED_FIELD', rule: 'mask:mails' }),
    )
    expect(() => masked(message, [{ ...mask, detect: [], binary: 'refuse' }])).toThrow(expect.objectContaining({ code: 'GS_MASKED_FIELD' }))
    const text = { ...message, result: { content: [{ type: 'text', text: 'a' }] } }
    expect(masked(text, [{ ...mask, binary: 'refuse' }]).shown).toEqual(text)
  })

  it('keeps numbers as they are written', () => {
    const made = new MessageMasks([mask], undefined)
    const text = `{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890,"x":"${mail}"}}`
    expect(Buffer.from(made.apply(Buffer.from(text))).toString()).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"n":12345678901234567890,"x":"[email]"}}',
    )
  })

  it('is all of it where no mask looks for values', () => {
    const text = Buffer.from(`{"x":"${mail}"}`)
    expect(new MessageMasks([], undefined).apply(text)).toBe(text)
  })
})
