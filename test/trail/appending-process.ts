// Appends intents from 24 callers until it is killed, and says which are durable, and every checkpoint that it signed: one line each on
// standard output, written at once. Arguments: data folder, master key in hexadecimal.
import { writeSync } from 'node:fs'
import { TestTrail, testSealer } from '../parts/trail.ts'

const [folder, key] = process.argv.slice(2) as [string, string]
const trail = await new TestTrail(testSealer(Buffer.from(key, 'hex')), folder).open({ segmentBytes: 512 * 1024 })

/** As often as it can, so that kills meet every step of a publication. */
async function publishAgainAndAgain(): Promise<void> {
  for (;;) {
    await trail.publish()
    const { size, root } = trail.proven
    writeSync(1, `signed ${size} ${Buffer.from(root).toString('base64')}\n`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

for (let caller = 0; caller < 24; caller++) {
  const payloadKey = trail.sessionKey()
  const session = `ses_${process.pid}_${caller}`
  let n = 0
  trail.append({ kind: 'session.open', fields: { session } })
  const next = () => {
    n++
    const id = trail.append({
      kind: 'operation.intent',
      fields: { session, ops: [[n, 1, 1]] },
      payloads: [{ name: `parameters.${n}`, key: payloadKey, content: Buffer.from(`${session} ${n}`) }],
    })
    trail.whenDurable((error) => {
      if (error) throw error
      writeSync(1, `${id} ${session} ${n}\n`)
      // Most go on at once, so that at least 8 are in flight; the others drift apart, as clients do.
      if (Math.random() < 0.9) next()
      else setTimeout(next, 1)
    })
  }
  next()
}
void publishAgainAndAgain()
