import type { PastOperation, PastOutcome, TranscriptLine } from '../../api/local/index.ts'
import { moneyText } from '../../operations/index.ts'
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
export function fate({ effect, rules = [], approval, breakGlass, retryOf }: PastOperation, outcome: PastOutcome | undefined): string {
  const decided = effect === undefined ? 'decision unknown' : `${effect}${rules.length > 0 ? ` (${rules.join(', ')})` : ''}`
  const words = [
    decided,
    ...(approval === undefined ? [] : [`approved ${approval}`]),
    ...(breakGlass === undefined ? [] : [`break-glass ${breakGlass}`]),
    ...(retryOf === undefined ? [] : [`tries #${retryOf.operation} of ${retryOf.session} again`]),
    ...(outcome ? [outcomeWords(outcome)] : []),
  ]
  return words.join('  ')
}

export function outcomeWords({ status, rows, bytes, us, code, masked = [], usage }: PastOutcome): string {
  const masks = masked.map(([mask, what, count]) => `${count} × ${what} by ${mask}`)
  const ended = [`${status}${code === undefined ? '' : ` ${code}`}`, ...(isHttp(code) ? [] : [`${rows} rows`]), `${bytes} bytes`]
  ended.push(`${(us / 1000).toFixed(1)} ms`)
  if (usage) ended.push(usageWords(usage))
  return masks.length === 0 ? ended.join(', ') : `${ended.join(', ')}  masked: ${masks.join(', ')}`
}

function usageWords({ inputTokens, outputTokens, cachedTokens, money }: NonNullable<PastOutcome['usage']>): string {
  const cached = cachedTokens === 0 ? '' : ` (${cachedTokens} cached)`
  return `${inputTokens} tokens in${cached}, ${outputTokens} out${money ? `, ${moneyText(money)}` : ''}`
}

/** What a client says of itself: names and words in the order of the record. */
export function claimWords(claims: Readonly<Record<string, string>>): string {
  return Object.entries(claims)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

/** A status of HTTP: what has one has no rows. A SQLSTATE has five characters. */
function isHttp(code: string | undefined): boolean {
  return code !== undefined && /^\d{3}$/.test(code)
}

/** Red where it was refused or failed, yellow where a person was asked, or the glass was broken. */
export function fateStyle({ effect, breakGlass, approval }: PastOperation, outcome: PastOutcome | undefined): ShownLine['style'] {
  if (outcome?.status === 'refused' || (effect === 'deny' && breakGlass === undefined)) return 'red'
  if (breakGlass !== undefined || approval !== undefined || effect === 'ask') return 'yellow'
  return outcome === undefined || outcome.status === 'completed' ? 'green' : 'red'
}

/** Fields of other entries that a reader needs; the rest is in `trail show`. */
const TOLD = ['credential', 'in', 'door', 'reason', 'first', 'last', 'breakGlass', 'by', 'state', 'why']

/** Entries of a session that say neither what was asked nor what came of it. */
export function toldWords({ kind, entry, fields }: Extract<TranscriptLine, { told: object }>['told']): string {
  const word = (name: string) => (typeof fields[name] === 'string' || typeof fields[name] === 'number' ? `${fields[name]}` : undefined)
  const id = word('approval')
  if (kind === 'approval.asked') return `approval ${id} is asked for: ${needs(fields.needs)}`
  if (kind === 'approval.decided')
    return `approval ${id}: ${word('verdict')} by ${whoIn(fields.who)}${fields.complete === true ? ', decided' : ''}`
  if (kind === 'approval.used') return `approval ${id} is used`
  const said = TOLD.flatMap((name) => (word(name) === undefined ? [] : [`${name} ${word(name)}`]))
  if (kind === 'approval.ended') return [`approval ${id} ended`, ...said].join(', ')
  return [`${kind}${said.length > 0 ? `: ${said.join(', ')}` : ''}`, `entry ${entry}`].join('  ')
}

/** Which rules want whose yes. */
function needs(value: unknown): string {
  const rows = Array.isArray(value) ? value : []
  return rows.map(({ rule, count }: { rule?: unknown; count?: unknown }) => `${count} by ${rule}`).join(', ')
}

function whoIn(value: unknown): string {
  return value !== null && typeof value === 'object' && 'pseudonym' in value ? String(value.pseudonym) : 'somebody'
}

export function closedWords({ reason, allowed, refused }: Extract<TranscriptLine, { closed: object }>['closed']): string {
  const counts = allowed === undefined ? '' : `: ${allowed} allowed, ${refused ?? 0} refused`
  return `session ended (${reason})${counts}`
}
