import { steps } from '../telling.ts'

export const LOOK =
  'SELECT c.name, c.email, count(o.id) AS orders FROM customers c LEFT JOIN orders o ON o.customer = c.id GROUP BY c.id ORDER BY c.id'
export const BLOCKED = 'DROP TABLE order_history'
export const WRITE = "INSERT INTO reports VALUES ('Grace has two orders, the others one each')"
export const EXEC = 'exec web -- echo alive'

/** What the analyst does, in order, whatever comes of it. */
export const story = steps(
  { calls: [{ name: 'query', arguments: { sql: LOOK } }] },
  { calls: [{ name: 'query', arguments: { sql: BLOCKED } }] },
  { calls: [{ name: 'kubectl', arguments: { arguments: 'get pods -o name' } }] },
  { calls: [{ name: 'kubectl', arguments: { arguments: EXEC } }] },
  { calls: [{ name: 'query', arguments: { sql: WRITE } }] },
  { text: 'Grace has two orders, the others one each, and the service runs.' },
)
