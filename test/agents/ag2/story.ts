import { steps } from '../telling.ts'

export const LOOK =
  "SELECT o.id, c.name, c.email, o.item FROM orders o JOIN customers c ON c.id = o.customer WHERE c.name = 'Grace' ORDER BY o.id"
export const BLOCKED = 'TRUNCATE order_history'
export const TICKET = { title: 'Order 3 was made twice', customer: 'Grace' }

/** What support does, in order, whatever comes of it. */
export const story = steps(
  { calls: [{ name: 'list_tickets', arguments: {} }] },
  { calls: [{ name: 'query', arguments: { sql: LOOK } }] },
  { calls: [{ name: 'query', arguments: { sql: BLOCKED } }] },
  { calls: [{ name: 'create_ticket', arguments: { ...TICKET, priority: 'high' } }] },
  { calls: [{ name: 'create_ticket', arguments: { ...TICKET, priority: 'low' } }] },
  { text: 'Order 3 was made twice; somebody removes it.' },
)
