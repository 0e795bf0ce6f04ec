import type { Transition } from '../statement-facts.ts'

/** Settings that decide what a text means. */
const SETTINGS: ReadonlySet<string> = new Set([
  'search_path',
  'role',
  'session_authorization',
  'client_encoding',
  'standard_conforming_strings',
])

/** Whether a text may mean something else behind this, whatever was before. */
export function decisive(transition: Transition): boolean {
  switch (transition.kind) {
    case 'set':
    case 'reset':
      return transition.name === undefined || SETTINGS.has(transition.name)
    case 'discard':
      return transition.what === 'all' || transition.what === 'temp'
    case 'close':
    case 'transaction':
      return false
    default:
      return true
  }
}

/** Whether it may undo what was changed before. */
export function endsTransaction(transition: Transition): boolean {
  if (transition.kind !== 'transaction') return false
  return transition.verb !== 'begin' && transition.verb !== 'savepoint' && transition.verb !== 'release'
}
