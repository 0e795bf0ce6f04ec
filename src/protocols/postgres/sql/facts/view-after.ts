import type { SessionView, StatementFacts, Transition } from '../statement-facts.ts'
import { searchPathOf } from './settings.ts'

/** What gives names their meaning behind a statement of the same text, if it completes. On doubt, less is known. */
export function viewAfter(view: SessionView, facts: StatementFacts): SessionView {
  let now = view
  for (const transition of facts.transitions) now = after(now, transition)
  // What an EXECUTE or FETCH runs is known only to the session.
  if (facts.executes !== undefined || facts.fetches !== undefined) now = forget(now)
  return now
}

function forget({ catalogKnown, readOnly, lineage }: SessionView): SessionView {
  return { catalogKnown, readOnly, ...(lineage && { lineage }) }
}

const ENDS = new Set(['commit', 'rollback', 'rollback-to', 'prepare'])

function after(view: SessionView, transition: Transition): SessionView {
  const { searchPath, ...others } = view
  switch (transition.kind) {
    case 'set': {
      if (transition.name !== 'search_path')
        return transition.name === 'role' || transition.name === 'session_authorization' ? others : view
      const path = transition.value === undefined ? undefined : searchPathOf(transition.value)
      return path ? { ...view, searchPath: path } : others
    }
    case 'reset':
      return transition.name === undefined || ['search_path', 'role', 'session_authorization'].includes(transition.name) ? others : view
    case 'create-temporary':
      return view.temporary ? { ...view, temporary: [...view.temporary, ...transition.names] } : view
    case 'drop-temporary':
      return view.temporary ? { ...view, temporary: view.temporary.filter((name) => !transition.names.includes(name)) } : view
    case 'define': {
      const { made, altered } = transition
      if (!made) return { ...view, catalogKnown: false }
      return { ...view, made: [...(view.made ?? []), ...made], altered: [...(view.altered ?? []), ...(altered ?? [])] }
    }
    case 'opaque':
      return { ...forget(view), catalogKnown: false }
    case 'discard':
      if (transition.what === 'temp') return { ...view, temporary: [] }
      return transition.what === 'all' ? { ...others, temporary: [] } : view
    case 'transaction':
      // SET LOCAL ends with its transaction, and what is rolled back was never said: neither is followed here.
      return ENDS.has(transition.verb) ? { ...forget(view), catalogKnown: view.catalogKnown && !view.made && !view.altered } : view
    default:
      return view
  }
}
