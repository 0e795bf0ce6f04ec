import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Automaton } from './automaton.ts'

const words = ['he', 'she', 'his', 'hers', 'a', '://', 'ab', 'bab', 'é'].map((text, at) => ({ text, rank: at % 2 }))
const automaton = new Automaton(words)

const found = (bytes: Uint8Array, rank: number) => {
  const hits: string[] = []
  automaton.each(bytes, rank, (word, end) => hits.push(`${words[word]?.text} ${end}`))
  return hits.sort()
}

it('finds every word wherever it stands, also within others, as a search for each of them does', () => {
  const text = fc.array(fc.constantFrom(...'hesirabHESIR:/é'), { maxLength: 40 }).map((letters) => Buffer.from(letters.join('')))
  fc.assert(
    fc.property(text, fc.constantFrom(0, 1), (bytes, rank) => {
      const expected: string[] = []
      const lower = bytes.toString('latin1').replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
      for (const word of words.filter((each) => each.rank >= rank)) {
        const searched = Buffer.from(word.text).toString('latin1')
        for (let at = lower.indexOf(searched); at >= 0; at = lower.indexOf(searched, at + 1))
          expected.push(`${word.text} ${at + searched.length}`)
      }
      // A state that ends words of several ranks tells all of them.
      const hits = found(bytes, rank)
      expect(hits).toEqual(expect.arrayContaining(expected))
      if (rank === 0) expect(hits).toEqual(expected.sort())
      expect(automaton.occurs(bytes, rank)).toBe(expected.length > 0)
    }),
    { numRuns: 3000 },
  )
})
