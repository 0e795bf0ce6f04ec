// Asks, has it approved and lets it run, again and again, until it is killed. One line for each thing that somebody was told of, written at
// once: `ticket <id>`, `held <id>`, `approved <id>` and `went <id>`. Argument: folder.
import { writeSync } from 'node:fs'
import { Refusal } from '../../src/operations/index.ts'
import { personOf } from '../parts/approvals.ts'
import { ApprovingRooms, ASKING_OFTEN } from '../parts/approving-rooms.ts'

const [folder] = process.argv.slice(2) as [string]
const house = await ApprovingRooms.open(folder, { rules: ASKING_OFTEN })
await house.run()
const say = (what: string, id: string) => writeSync(1, `${what} ${id}\n`)
const bob = personOf('bob')

const ticket = await house.ask(`DELETE FROM tickets WHERE process = ${process.pid}`)
ticket.becomeTicket()
say('ticket', ticket.id)
say('held', (await house.ask(`DELETE FROM held WHERE process = ${process.pid}`)).id)

for (let caller = 0; caller < 8; caller++) void goOn(caller)

async function goOn(caller: number): Promise<void> {
  for (let turn = 0; ; turn++) {
    const sql = `DELETE FROM t WHERE id = ${process.pid * 1000 + caller * 100_000 + turn}`
    const waiting = await house.ask(sql)
    waiting.becomeTicket()
    await house.approvals.decide(waiting.id, bob, 'approve', 'cli')
    say('approved', waiting.id)
    const same = await house.ask(sql)
    const grant = await same.decided
    if (grant instanceof Refusal) throw grant
    const [answer] = await house.admit([house.decide(sql)], { grant, effective: house.effective(sql) })
    if (!answer || answer instanceof Refusal) throw answer
    say('went', waiting.id)
    answer.settle({ status: 'completed' })
  }
}
