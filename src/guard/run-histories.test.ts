import { expect, it } from 'vitest'
import type { Statement } from '../operations/index.ts'
import { Histories } from './run-histories.ts'
import { SaidHistories } from './said-histories.ts'

/** A request that is nothing but these parts. */
function request(...parts: string[]): Statement {
  let end = 0
  return { text: Buffer.from(parts.join('')), histories: [{ from: 0, ends: parts.map((part) => (end += part.length)) }] }
}

const asIs = (part: Uint8Array) => part
const links = (said: SaidHistories, ...parts: string[]) => {
  const { rows, brought } = said.say(1, request(...parts), asIs)
  return { rows, brought: brought.map(({ first, content }) => [first, Buffer.from(content).toString()]) }
}

it('says again what stood in an entry that was not written, under other numbers', () => {
  const histories = new Histories()
  const said = new SaidHistories('ses_a', 'run_1', histories)
  const other = new SaidHistories('ses_b', 'run_1', histories)
  expect(links(said, 'one', 'two')).toEqual({ rows: [[1, 0, 2]], brought: [[1, 'part 3\none\npart 3\ntwo\n']] })
  expect(links(said, 'one', 'two')).toEqual({ rows: [[1, 0, 2]], brought: [] })
  expect(links(other, 'one', 'two', 'three')).toEqual({ rows: [[1, 0, 1]], brought: [[1, 'after ses_a 2\npart 5\nthree\n']] })
  said.forget()
  expect(links(said, 'one', 'two')).toEqual({ rows: [[1, 0, 4]], brought: [[3, 'part 3\none\npart 3\ntwo\n']] })
  // Nobody knows either what another session said meanwhile.
  expect(links(other, 'one')).toEqual({ rows: [[1, 0, 3, 'ses_a']], brought: [] })
  expect(links(other, 'two', 'three').brought).toEqual([[2, 'same ses_a 4 1\npart 5\nthree\n']])
})

it('refers to parts that follow each other in one line', () => {
  const said = new SaidHistories('ses_a', 'run_1', new Histories())
  links(said, 'a', 'b', 'c', 'd')
  expect(links(said, 'b', 'c', 'd').brought).toEqual([[5, 'same ses_a 2 3\n']])
  expect(links(said, 'c', 'a', 'b').brought).toEqual([[8, 'same ses_a 3 1\nsame ses_a 1 2\n']])
})

it('keeps nothing of the runs that spoke longest ago, once there is too much', () => {
  const histories = new Histories()
  const of = (run: number) => new SaidHistories(`ses_${run}`, `run_${run}`, histories)
  const many = (run: number) => Array.from({ length: 4_000 }, (_, n) => `${run}.${n};`)
  for (let run = 0; run < 64; run++) links(of(run), ...many(run))
  for (let again = 0; again < 64; again++) links(of(63), ...many(63))
  expect(links(of(63), ...many(63)).brought).toEqual([])
  expect(links(of(0), ...many(0)).brought).toHaveLength(1)
})
