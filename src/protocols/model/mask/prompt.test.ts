import { describe, expect, it } from 'vitest'
import type { TextAnalyzer } from '../../../masking/index.ts'
import type { Mask } from '../../../operations/index.ts'
import { AnalyzerMemory } from './asked-analyses.ts'
import { promptMasking } from './prompt.ts'

const mask = (more: Partial<Mask> = {}): Mask => ({
  ...{ name: 'people', columns: [], detect: ['email', 'card'], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
  ...more,
})
const never = new AbortController().signal

async function masked(body: object | string, ...masks: Mask[]) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const prompt = await promptMasking(masks.length > 0 ? masks : [mask()], undefined)?.mask(Buffer.from(text), never)
  return { text: prompt?.body.toString() ?? '', counts: prompt?.counts }
}

describe('what is sent to a model', () => {
  it('is masked in messages, tool results, what tools were called with, and system prompts', async () => {
    const { text, counts } = await masked({
      model: 'gpt-5',
      messages: [
        { role: 'system', content: 'Write to ops@example.org.' },
        { role: 'user', name: 'bob', content: [{ type: 'text', text: 'I am bob@example.org' }] },
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q":"carol@example.org","n":1.0}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"rows":[{"mail":"dave@example.org \\"d\\""}]}' },
      ],
      system: [{ type: 'text', text: 'erin@example.org', cache_control: { type: 'ephemeral' } }],
      user: 'frank@example.org',
    })
    expect(text).not.toContain('@example.org')
    const { messages, system, user } = JSON.parse(text)
    expect(messages[0].content).toBe('Write to [email].')
    expect(messages[1].content[0].text).toBe('I am [email]')
    expect(messages[2].tool_calls[0].function.arguments).toBe('{"q":"[email]","n":1.0}')
    expect(JSON.parse(messages[3].content)).toEqual({ rows: [{ mail: '[email] "d"' }] })
    expect([system[0].text, user]).toEqual(['[email]', '[email]'])
    expect(counts).toEqual([['people', 'email', 6]])
  })

  it('keeps every other byte as it came: numbers, order, blanks, escapes, ids', async () => {
    const body =
      '{ "seed": 12345678901234567890, "temperature":1.0,\n "messages":[{"content":"h\\u00e9llo","role":"user"}], "z":{"a":[1,{}]} }'
    expect((await masked(body)).text).toBe(body)
    const found = body.replace('h\\u00e9llo', 'h\\u00e9llo bob@example.org')
    expect((await masked(found)).text).toBe(body.replace('h\\u00e9llo', 'h\\u00e9llo [email]'))
  })

  it('leaves tools as they are but for their descriptions, and images, or refuses these', async () => {
    const image = `data:image/png;base64,${'iVBORw0KGgo4111111111111111'.repeat(20)}`
    const body = {
      tools: [{ type: 'function', function: { name: 'find', description: 'Ask a@example.org', parameters: { enum: ['b@example.org'] } } }],
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] }],
    }
    const { text } = await masked(body)
    expect(text).toBe(JSON.stringify(body).replace('a@example.org', '[email]'))
    await expect(masked(body, mask({ binary: 'refuse' }))).rejects.toMatchObject({ code: 'GS_MODEL_BINARY_REFUSED' })
    expect((await masked({ messages: ['hi'] }, mask({ detect: [], binary: 'refuse' }))).text).toBe('{"messages":["hi"]}')
  })

  it('shows something where a mask says null, keeps the end where it says partial, and nothing in one direction only', async () => {
    const body = { messages: [{ role: 'user', content: 'card 4111 1111 1111 1111.' }] }
    expect((await masked(body, mask({ as: 'null' }))).text).toContain('card [masked].')
    expect((await masked(body, mask({ as: 'partial' }))).text).toContain('card ****1111.')
    expect((await masked(body, mask({ as: { fixed: 'none' } }))).text).toContain('card none.')
    expect(promptMasking([mask({ directions: ['answer'] })], undefined)).toBeUndefined()
    expect(promptMasking([mask({ detect: [] })], undefined)).toBeUndefined()
  })

  describe('with an analyzer', () => {
    const asked: string[][] = []
    const names = (whenSilent: 'fail' | 'pass', answers = true): TextAnalyzer => ({
      whenSilent,
      async analyze(texts) {
        asked.push(texts.map((text) => Buffer.from(text).toString()))
        return texts.map((text) => {
          const start = Buffer.from(text).indexOf('Ada')
          return answers ? (start < 0 ? [] : [{ start, end: start + 3, detector: 'presidio/PERSON' }]) : undefined
        })
      },
    })
    const people = mask({ detect: ['presidio/PERSON', 'email'], directions: ['prompt'] })
    const body = (...texts: string[]) => Buffer.from(JSON.stringify({ messages: texts.map((content) => ({ role: 'user', content })) }))

    it('asks about each text once, however often the conversation is sent', async () => {
      asked.length = 0
      const memory = new AnalyzerMemory()
      const ask = names('fail')
      const masking = promptMasking([people], undefined, { ask, memory })
      const first = await masking?.mask(body('Ask Ada.', 'x a@example.org'), never)
      expect(first?.body.toString()).toBe(body('Ask [presidio/PERSON].', 'x [email]').toString())
      expect(first?.counts).toEqual([
        ['people', 'presidio/PERSON', 1],
        ['people', 'email', 1],
      ])
      const second = await promptMasking([people], undefined, { ask, memory })?.mask(body('Ask Ada.', 'x a@example.org', 'And Ada'), never)
      expect(second?.body.toString()).toContain('And [presidio/PERSON]')
      expect(asked).toEqual([['Ask Ada.', 'x a@example.org'], ['And Ada']])
    })

    it('looks into long texts in pieces', async () => {
      const long = `${'word '.repeat(12_000)}Ada`
      const masking = promptMasking([people], undefined, { ask: names('fail'), memory: new AnalyzerMemory() })
      expect((await masking?.mask(body(long), never))?.body.toString()).toContain('word [presidio/PERSON]"')
    })

    it('sends nothing where it is silent, or, where that is configured, what it is silent about, and counts that', async () => {
      const of = (ask: TextAnalyzer) =>
        promptMasking([people], undefined, { ask, memory: new AnalyzerMemory() })?.mask(body('Ask Ada.'), never)
      await expect(of(names('fail', false))).rejects.toMatchObject({ code: 'GS_ANALYZER_SILENT' })
      const passed = await of(names('pass', false))
      expect(passed?.body.toString()).toContain('Ask Ada.')
      expect(passed?.counts).toEqual([['people', 'presidio/unanswered', 1]])
    })
  })
})

it('masks what only says that it is sealed', async () => {
  const sealed = Buffer.from('a signature of the provider').toString('base64')
  const { text } = await masked({
    messages: [
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'x', signature: sealed }, { encrypted_content: 'to bob@example.org' }] },
    ],
  })
  expect(text).toContain(sealed)
  expect(text).not.toContain('bob@')
})
