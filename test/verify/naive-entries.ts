import { createHash } from 'node:crypto'

/** A payload of an entry, with what opens its commitment. */
export interface NaivePayload {
  readonly entry: number
  readonly name: string
  readonly salt: Buffer
  readonly content: Buffer
}

type Row = (number | string)[]
type Fields = Record<string, unknown>

/**
 * Entries as a gateway writes them (docs/trail.md): boots, runs with sessions, operations with decisions, statements and parameters,
 * outcomes in batches. The same count gives the same bytes.
 */
export class NaiveEntries {
  readonly entries: Buffer[] = []
  readonly payloads: NaivePayload[] = []
  #boot = ''
  #boots = 0
  #counter = 0
  #clock = Date.parse('2026-11-23T21:24:14Z')
  #sessions = 0
  #runs = 0

  /** As many entries as asked for, in the middle of whatever comes then. */
  static of(count: number): NaiveEntries {
    const log = new NaiveEntries()
    log.boot()
    while (log.entries.length < count) {
      if (log.#runs % 7 === 6) log.boot()
      log.run(1 + (log.#runs % 3), 20)
    }
    log.entries.length = count
    while ((log.payloads.at(-1)?.entry ?? -1) >= count) log.payloads.pop()
    return log
  }

  boot(): void {
    if (this.#boots > 0) this.add('gateway.stop', { reason: 'SIGTERM' })
    this.#boot = createHash('sha256')
      .update(`boot ${this.#boots++}`)
      .digest('hex')
      .slice(0, 10)
    this.#counter = 0
    this.add('gateway.start', { durability: 'disk', version: '0.1.0' }, { config: 'gateway: {}' })
  }

  /** One run from start to end, its sessions side by side. */
  run(sessions: number, operations: number): string {
    const run = `run_${createHash('sha256')
      .update(`run ${this.#runs++}`)
      .digest('hex')
      .slice(0, 24)}`
    const first = this.add('run.start', { run, who: { kind: 'job', pseudonym: 'q83vEjRWeJASNFZ4mrze8A' } }, { run: `{"subject":"${run}"}` })
    const counts = { allow: 0, ask: 0, deny: 0 }
    const open = Array.from({ length: sessions }, () => {
      const session = `ses_${createHash('sha256')
        .update(`session ${this.#sessions++}`)
        .digest('hex')
        .slice(0, 30)}`
      this.add(
        'session.open',
        { run, session, effect: 'allow', protocol: 'postgres', resource: 'orders' },
        { client: '{"address":"10.0.0.9"}' },
      )
      return { session, next: 1, outcomes: [] as Row[] }
    })
    let last = first
    for (let n = 0; n < operations; n++) {
      for (const one of open) {
        const ops: Row[] = []
        const payloads: Record<string, string> = {}
        for (let more = n % 3; more >= 0; more--) {
          const number = one.next++
          const decision = number % 5 === 0 ? 2 : 1
          counts[decision === 2 ? 'deny' : 'allow']++
          ops.push([number, 1 + (number % 2), decision])
          payloads[`parameters.${number}`] = `{"id":${number}}`
          one.outcomes.push(decision === 2 ? [number, 'refused', 0, 0, 12] : [number, 'ok', 1, 80, 900 + number])
        }
        const said =
          n === 0
            ? {
                decisions: [
                  [1, 'allow', ['reads'], 'sha256:01'],
                  [2, 'deny', [], 'sha256:01'],
                ],
              }
            : {}
        if (n === 0) Object.assign(payloads, { 'statement.1': 'select * from orders where id = $1', 'statement.2': 'delete from orders' })
        this.add('operation.intent', { session: one.session, ops, ...said }, payloads)
        if (one.outcomes.length > 4) last = this.add('operation.outcome', { session: one.session, outcomes: one.outcomes.splice(0) })
      }
    }
    for (const { session, outcomes } of open) {
      if (outcomes.length > 0) this.add('operation.outcome', { session, outcomes })
      last = this.add('session.close', { session, reason: 'client', allowed: counts.allow, refused: counts.deny })
    }
    this.add('run.end', { run, state: 'ended', first, last, decisions: counts, durability: 'disk', gaps: 0 })
    return run
  }

  /** @returns the index */
  add(kind: string, fields: Fields, payloads: Readonly<Record<string, string>> = {}): number {
    const index = this.entries.length
    const commitments: Record<string, string> = {}
    for (const name of Object.keys(payloads).sort()) {
      const salt = createHash('sha256').update(`salt ${index} ${name}`).digest()
      const content = Buffer.from(payloads[name] as string)
      commitments[name] = createHash('sha256').update(salt).update(content).digest('base64url')
      this.payloads.push({ entry: index, name, salt, content })
    }
    this.#clock += 1
    const at = new Date(this.#clock).toISOString().replace('Z', `${String(index % 1_000_000).padStart(6, '0')}Z`)
    const all: Fields = { at, id: `${this.#boot}.${this.#counter++}`, kind, ...fields }
    if (Object.keys(commitments).length > 0) all.payloads = commitments
    this.entries.push(Buffer.from(JSON.stringify(sorted(all))))
    return index
  }
}

/** RFC 8785 §3.2.3, for what occurs here. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return Array.isArray(value) ? value.map(sorted) : value
  const fields = value as Fields
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, sorted(fields[name])]),
  )
}
