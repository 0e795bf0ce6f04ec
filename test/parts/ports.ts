import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ephemeral range (32768 and up on Linux), where an outgoing connection could take the port meanwhile. */
const FIRST = 20_000
const LAST = 32_767
/** Test files that run at the same time are given ports of different parts of it. */
const PARTS = 8
const MANY = Math.floor((LAST + 1 - FIRST) / PARTS)
const OURS = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % PARTS) * MANY

/** So that nobody is given what somebody else was given and does not listen on yet. */
const given = new Set<number>()

/**
 * A TCP port of 127.0.0.1 that nobody listens on right now. It is found by listening, so a caller that starts a
 * server on it should still be ready to try another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(OURS, OURS + MANY)
    if (given.size > MANY / 2) given.clear()
    if (given.has(port)) continue
    given.add(port)
    if (await canListen(port)) return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
