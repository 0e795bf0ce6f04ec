import { expect, it } from 'vitest'
import { results, startAnalyzer } from '../../test/parts/analyzer.ts'
import type { AnalyzerSettings } from '../config/index.ts'
import { rowAnalyzer } from './row-analyzer.ts'

it('is asked for what masks name, as the configuration in force says, and says nothing where it has no answer', async () => {
  const server = await startAnalyzer(
    ({ text }, response) => void (text === 'Ada' ? response.end(results(['PERSON', 0, 3])) : response.end('?')),
  )
  try {
    const settings = {
      url: server.url,
      language: 'en',
      entities: ['LOCATION'],
      threshold: 0.5,
      deadline: 5_000,
      whenSilent: 'pass',
    } as const
    let analyzer: AnalyzerSettings | undefined = settings
    const now = rowAnalyzer(() => ({ masking: analyzer ? { analyzer } : {} }))
    const first = now()
    expect(first?.whenSilent).toBe('pass')
    const texts = ['Ada', 'Bob'].map((text) => Buffer.from(text))
    expect(await first?.analyze(texts, ['PERSON'], new AbortController().signal)).toEqual([
      [{ start: 0, end: 3, detector: 'presidio/PERSON' }],
      undefined,
    ])
    expect(server.asked).toContainEqual({ text: 'Ada', language: 'en', entities: ['PERSON'], score_threshold: 0.5 })
    analyzer = { ...settings }
    expect(now()).toBe(first)
    analyzer = { ...settings, whenSilent: 'fail' }
    expect(now()?.whenSilent).toBe('fail')
    analyzer = undefined
    expect(now()).toBeUndefined()
  } finally {
    await server.close()
  }
})
