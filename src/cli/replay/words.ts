import type { PastOperation, PastOutcome, TranscriptLine } from '../../api/local/index.ts'
import type { ShownLine } from './beat.ts'

/** Seconds as people read them: `12.345`, `1:02.345`, `1:01:02.345`. */
export function clock(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds * 1000))
  const [hours, minutes, rest] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms % 60_000) / 1000]
  const [whole, fraction] = rest.toFixed(3).split('.')
  if (hours > 0) return `${hours}:${pad(minutes)}:${pad(whole)}.${fraction}`
  return minutes > 0 ? `${minutes}:${pad(whole)}.${fraction}` : `${whole}.${fraction}`
}

const pad = (number: string | number | undefined) => String(number).padStart(2, '0')

/** What was decided, and what became of it, in one line. */
export function fate({ effect, rules = [], approval, breakGlass }: PastOperation, outcome: PastOutcome | undefined): string {
  const decided = effect === undefined ? 'decision unknown' : `${effect}${rules.length > 0 ? ` (${rules.join(', ')})` : ''}`
  const words = [
    decided,
    ...(approval === undefined ? [] : [`approved ${approval}`]),
    ...(breakGlass === undefined ? [] : [`break-glass ${breakGlass}`]),
    ...(outcome ? [outcomeWords(outcome)] : []),
  ]
  return words.join('  ')
}

export function outcomeWords({ status, rows, bytes, us, sqlstate, masked = [] }: PastOutcome): string {
  const masks = masked.map(([mask, what, count]) => `${count} × ${what} by ${mask}`)
  const ended = `${status}${sqlstate === undefined ? '' : ` ${sqlstate}`}, ${rows} rows, ${bytes} bytes, ${(us / 1000).toFixed(1)} ms`
  return masks.length === 0 ? ended : `${ended}  masked: ${masks.join(', ')}`
}

/** Red where it was refused or failed, yellow where a person was asked, or the glass was broken. */
export function fateStyle({ effect, breakGlass, approval }: PastOperation, outcome: PastOutcome | undefined): ShownLine['style'] {
  if (outcome?.status === 'refused' || (effect === 'deny' && breakGlass === undefined)) return 'red'
  if (breakGlass !== undefined || approval !== undefined || effect === 'ask') return 'yellow'
  return outcome?.sqlstate === undefined ? 'green' : 'red'
}

/** Entries of a session that say neither what was asked nor what came of it. */
export function toldWords({ kind, fields }: Extract<TranscriptLine, { told: object }>['told']): string {
  const { session: _, run: _run, ...rest } = fields
  const said = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [kind, ...said].join('  ')
}

export function closedWords({ reason, allowed, refused }: Extract<TranscriptLine, { closed: object }>['closed']): string {
  const counts = allowed === undefined ? '' : `: ${allowed} allowed, ${refused ?? 0} refused`
  return `session ended (${reason})${counts}`
}
