import { NOTED } from './telling.ts'
import { EMAILS, type Said } from './world.ts'

/** What was said in a run, without what a gateway may change of it. */
export interface Comparable {
  /** With «email» for addresses, masked or not, and «refused» for what was refused. */
  readonly said: readonly Said[]
  /** Where in `said` something was refused. */
  readonly refusedAt: readonly number[]
  /** What agents were told there, in order; tickets as well. */
  readonly refusals: readonly string[]
}

/** Whole ones, and what the masks of test/agents/governed.ts make of them. */
const ADDRESS = new RegExp(
  [...EMAILS.map((email) => email.replaceAll('.', String.raw`\.`)), String.raw`\*{4}\.(?:com|org)`, String.raw`\[email\]`].join('|'),
  'g',
)
const REFUSED = /\bGS_[A-Z_]+\b/

/**
 * Takes out of a transcript what may differ: cells that a mask covers, what the model says that it has read, and the first try of what was approved and then
 * done again.
 * @param refusedAt of the other run, for the one in which nothing is refused
 */
export function comparable(transcript: readonly Said[], refusedAt?: readonly number[]): Comparable {
  const isRefusal = ({ text }: Said) => REFUSED.test(withoutNotes(text))
  const said = withoutTickets(transcript).flatMap((one) => {
    const text = withoutNotes(one.text)
    return text === '' ? [] : [{ ...one, text }]
  })
  const places = refusedAt ?? said.flatMap((one, index) => (isRefusal(one) ? [index] : []))
  return {
    said: said.map((one, index) => ({ ...one, text: places.includes(index) ? '«refused»' : one.text.replace(ADDRESS, '«email»') })),
    refusedAt: places,
    refusals: transcript.filter(isRefusal).map(({ text }) => text),
  }
}

function withoutNotes(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith(NOTED))
    .join('\n')
}

/** Without an answer that says that a person is asked, and the words with which it is then tried again. */
function withoutTickets(transcript: readonly Said[]): readonly Said[] {
  const isTicket = (at: Said | undefined) => at !== undefined && withoutNotes(at.text).includes('GS_APPROVAL_PENDING')
  return transcript.filter((one, index) => !isTicket(one) && !isTicket(transcript[index - 1]))
}
