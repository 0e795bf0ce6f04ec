import type { Answer, Asked, Script } from '../parts/model-server.ts'

/** How the lines begin in which the model says what it has read of a refusal. */
export const NOTED = 'Noted: '

/** A model that does one step after the other, whatever comes of it, and says what it has read of a refusal. */
export function steps(...answers: readonly Answer[]): Script {
  return (asked) => withNotes(asked, answers[answersIn(asked.turns)] ?? { text: 'There is nothing left to do. DONE' })
}

/** How often the model has answered so far: what it said and called at once counts as one. */
export function answersIn(turns: Asked['turns']): number {
  return turns.filter(({ role }, index) => role === 'assistant' && turns[index - 1]?.role !== 'assistant').length
}

/** With a line before it that says what was refused last, and what to do instead. */
export function withNotes(asked: Asked, answer: Answer): Answer {
  const read = asked.turns.at(-1)
  const note = read === undefined || read.role === 'assistant' ? '' : noteOf(read.text)
  return note === '' ? answer : { ...answer, text: `${note}${answer.text ?? ''}` }
}

/** @returns the empty string where nothing was refused */
export function noteOf(read: string): string {
  const code = /\bGS_[A-Z_]+\b/.exec(read)?.[0]
  if (code === undefined) return ''
  const rule = /rule "([^"]+)"/.exec(read)?.[1]
  return `${NOTED}${code}${rule === undefined ? '' : ` by ${rule}`}.\n`
}
