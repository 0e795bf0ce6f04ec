import type { Answer, Script } from '../../parts/model-server.ts'
import { answersIn, noteOf, steps, withNotes } from '../telling.ts'

/** What the agents do, in order, whoever runs them and whatever comes of it. */
export const LOOK = 'SELECT o.id, c.name, c.email, o.item, o.amount FROM orders o JOIN customers c ON c.id = o.customer ORDER BY o.id'
export const BLOCKED = 'TRUNCATE order_history'
export const MARK = "UPDATE orders SET note = 'the same as 2' WHERE id = 3"
export const REMOVE = 'DELETE FROM orders WHERE id = 3'
export const EXEC = 'kubectl exec web -- echo restarted'
export const TICKET = { title: 'Order 3 is removed', customer: 'Grace' }

const DBA: readonly Answer[] = [
  { calls: [{ name: 'query', arguments: { sql: LOOK } }] },
  { calls: [{ name: 'query', arguments: { sql: BLOCKED } }] },
  { calls: [{ name: 'query', arguments: { sql: MARK } }] },
  { text: 'Order 3 is the same as order 2.\n@sre please remove it, and restart the service.' },
]

const SRE: readonly string[] = [
  `psql -At -c "SELECT id, note FROM orders WHERE id = 3" && kubectl get pods -o name`,
  `psql -c "${REMOVE}"`,
  EXEC,
  'kubectl label pod web restarted=yes',
]

const SUPPORT: readonly Answer[] = [
  { calls: [{ name: 'list_tickets', arguments: {} }] },
  { calls: [{ name: 'create_ticket', arguments: { ...TICKET, priority: 'high' } }] },
  { calls: [{ name: 'create_ticket', arguments: { ...TICKET, priority: 'low' } }] },
  { text: 'Everything is filed. DONE' },
]

/**
 * A model that plays the three of them by what was said so far alone: it goes on with whatever it is told, says what it has read of a refusal, and does again
 * what waits for approval.
 *
 * @param approved called with what the model has read where something waits for a person; it comes back once one has said yes
 */
export function story(approved: (read: string) => Promise<void> = () => Promise.reject(new Error('nobody is there to be asked'))): Script {
  return async (asked) => {
    const [system, ...turns] = asked.turns
    if (system?.text.startsWith('You are the DBA')) return steps(...DBA)(asked)
    if (system?.text.startsWith('You keep the tickets')) return steps(...SUPPORT)(asked)
    const read = turns.at(-1)?.text ?? ''
    if (read.includes('GS_APPROVAL_PENDING')) {
      await approved(read)
      return { text: `${noteOf(read)}${code(SRE[1]!)}` }
    }
    // What was done again is no step further.
    const step = answersIn(turns) - turns.filter(({ role, text }) => role !== 'assistant' && text.includes('GS_APPROVAL_PENDING')).length
    const next = SRE[step]
    return withNotes(asked, { text: next === undefined ? 'Order 3 is gone.\n@support please file it.' : code(next) })
  }
}

function code(command: string): string {
  return `\`\`\`sh\n${command}\n\`\`\``
}
