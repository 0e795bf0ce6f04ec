import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { ApprovalState } from '../../src/approvals/index.ts'
import { type ApprovalId, Refusal } from '../../src/operations/index.ts'
import { trustKeys } from '../../src/verify/policy.ts'
import { ApprovingRooms, ASKING_OFTEN } from '../parts/approving-rooms.ts'
import { seeded } from '../parts/seeded.ts'
import { patience, rounds, seedOr, shown } from '../parts/soak.ts'
import { said } from '../verify/verdicts.ts'

const KILLS = 4
const SEED = seedOr(7)
const folder = mkdtempSync(join(tmpdir(), 'gatescribe-approvals-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs until killed, `ms` after something was approved. @returns ids by what was said of them */
function askUntilKilled(ms: number): Promise<ReadonlyMap<string, readonly ApprovalId[]>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'asking-process.ts'), folder], { stdio: ['ignore', 'pipe', 'pipe'] })
    let told = ''
    let complaint = ''
    let begun = false
    child.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    child.stdout.on('data', (chunk) => {
      told += chunk
      if (begun || !told.includes('approved ')) return
      begun = true
      setTimeout(() => child.kill('SIGKILL'), ms)
    })
    child.once('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the process ended by itself: ${complaint}`))
      const ids = new Map<string, ApprovalId[]>()
      for (const line of told.split('\n').slice(0, -1)) {
        const [what, id] = line.split(' ') as [string, ApprovalId]
        ids.set(what, [...(ids.get(what) ?? []), id])
      }
      resolve(ids)
    })
  })
}

it(`keeps tickets and what was approved, and lets nothing run twice, however often it is killed (seed ${SEED})`, {
  timeout: patience(120_000),
}, async () => {
  const random = seeded(SEED)
  const total = { kills: 0, went: 0, 'approved and not used at the kill': 0, 'used and nobody was told': 0 }
  const tickets: ApprovalId[] = []
  for (const _ of rounds(KILLS)) {
    const ids = await askUntilKilled(random() * 400)
    const of = (what: string) => ids.get(what) ?? []
    tickets.push(...of('ticket'))
    total.kills++
    total.went += of('went').length
    const house = await ApprovingRooms.open(folder, { rules: ASKING_OFTEN })
    const stateOf = async (id: ApprovalId): Promise<ApprovalState | undefined> => (await house.approvals.view(id))?.request.state
    for (const id of tickets) expect(await stateOf(id)).toBe('pending')
    for (const id of of('held')) expect((await house.approvals.view(id))?.request).toMatchObject({ state: 'withdrawn', why: 'interrupted' })
    for (const id of of('went')) expect(await stateOf(id)).toBe('used')

    // What is used in the log was used once, with its intent right behind it; whoever was told that it goes finds it there.
    const used = new Set<unknown>()
    const intents = new Set<unknown>()
    for await (const { kind, fields } of house.rooms.trail.read()) {
      if (kind === 'approval.used') expect(used.has(fields.approval)).toBe(false)
      if (kind === 'approval.used') used.add(fields.approval)
      if (kind === 'operation.intent' && fields.approval !== undefined) intents.add(fields.approval)
    }
    expect(intents).toEqual(used)
    for (const id of of('went')) expect(used).toContain(id)
    await house.run()
    for (const id of of('approved').filter((each) => !of('went').includes(each))) {
      const state = await stateOf(id)
      expect(['approved', 'used']).toContain(state)
      total[state === 'used' ? 'used and nobody was told' : 'approved and not used at the kill']++
      if (state !== 'approved') continue
      const { content } = (await house.approvals.view(id)) ?? {}
      const sql = Buffer.from(content?.effective.parts[0]?.content ?? []).toString()
      const grant = await (await house.ask(sql)).decided
      if (grant instanceof Refusal) throw grant
      const release = { grant, effective: house.effective(sql) }
      const answers = [await house.admit([house.decide(sql)], release), await house.admit([house.decide(sql)], release)].flat()
      expect(answers.map((answer) => (answer instanceof Refusal ? answer.code : 'goes'))).toEqual(['goes', 'GS_APPROVAL_USED'])
    }
    await house.rooms.trail.publish()
    const trust = trustKeys(house.rooms.trail.verifierKeys())
    await house.close()
    expect(said(join(folder, 'data/trail/log'), { trust }).failed).toEqual({})
  }
  shown('test/approvals/kill.test.ts', total)
  expect(total.went).toBeGreaterThan(0)
})
