import { setTimeout as sleep } from 'node:timers/promises'
import { approve } from './approver.ts'
import { ASKED_TO_DELETE, CLUSTER_RULES, NO_SHELLS, POD } from './cluster.ts'
import { ranOf } from './job-process.ts'
import { ASKED, BOUNDED, rulesOf, SMALL } from './rules.ts'
import { EMAIL, OPINION, ROLE, type Stage, type StartedJob } from './stage.ts'
import { check, say, seen, step } from './told.ts'

const MASK = { name: 'customer-contact', columns: ['orders.public.customers.email'], as: 'partial' }
const QUESTION = 'SELECT item, sum(amount) AS sold FROM orders GROUP BY item ORDER BY item'

export async function read({ server }: Stage, { job }: StartedJob): Promise<void> {
  step('The job reads, with an ordinary client that knows nothing of a gateway.')
  seen(QUESTION)
  const answer = await job.ask(QUESTION)
  seen(answer)
  check(answer === 'got [{"item":"ink","sold":"2"},{"item":"tea","sold":"7"}]', 'it gets what PostgreSQL would have told it')
  check(
    server.log().includes(`${ROLE}@orders LOG:  statement: ${QUESTION}`),
    `PostgreSQL saw the same statement, from the gateway’s user ${ROLE}`,
  )
}

export async function refuse({ gateway, server, cluster }: Stage, { job }: StartedJob): Promise<void> {
  step('The owner adds two rules. The job’s session stays open; what one of them is against is refused, in PostgreSQL’s own form.')
  await gateway.reconfigure({ rules: rulesOf(cluster) })
  say(`${BOUNDED.name}: deny ${BOUNDED.do.join(', ')} when ${BOUNDED.when}`)
  const refused = 'WITH old AS (DELETE FROM orders WHERE amount = amount RETURNING *) SELECT count(*) FROM old'
  seen(refused)
  const answer = await job.ask(refused)
  seen(answer)
  check(answer.startsWith('failed 42501') && answer.includes(BOUNDED.name), 'it is told the rule and what to do next')
  check(!server.log().includes(refused), 'PostgreSQL never saw the statement')
  const quoted = "SELECT count(*) AS orders, 'DELETE FROM orders' AS said FROM orders"
  seen(quoted)
  const again = await job.ask(quoted)
  seen(again)
  check(again === 'got [{"orders":"3","said":"DELETE FROM orders"}]', 'the same session goes on, and words in a string are words')
}

export async function ask({ server, people, console }: Stage, { job }: StartedJob): Promise<void> {
  step('The other rule wants a person to be asked. The job’s statement waits; Ada, who is on call, signs in, looks at it and says yes.')
  say(`${ASKED.name}: ask on-call about ${ASKED.do.join(', ')}`)
  const asked = "DELETE FROM orders WHERE item = 'ink'"
  job.tell(asked)
  seen(asked)
  const notice = await job.hear()
  seen(notice)
  check(notice.startsWith('notice') && notice.includes(`${console}/approvals/apr_`), 'the job is told at once where it can be approved')
  check(!server.log().includes(asked), 'PostgreSQL has not seen the statement')
  const card = await approve(console, people, 'The order was cancelled by its customer.')
  check(
    card.includes('public.orders') && card.includes('DELETE FROM orders WHERE item = &#39;ink&#39;'),
    'she is shown what it does, and the exact statement',
  )
  const answer = await job.hear()
  seen(answer)
  check(answer === 'got []' && server.log().includes(asked), 'it runs, as it was, once')
}

export async function mask({ gateway, server, cluster }: Stage, { job }: StartedJob): Promise<void> {
  step('The owner masks what customers can be reached by. The job reads on, and sees something else in its place.')
  await gateway.reconfigure({ rules: rulesOf(cluster), masks: [MASK] })
  say(`${MASK.name}: ${MASK.columns[0]} as ${MASK.as}`)
  for (const [text, value, why] of [
    ['SELECT name, email FROM customers', '****.com', 'of the address there is what the mask leaves'],
    ["SELECT name, 'mail ' || upper(email) AS email FROM customers", '[masked]', 'what is made of it is masked whole'],
  ] as const) {
    seen(text)
    const answer = await job.ask(text)
    seen(answer)
    check(answer === `got [{"name":"Grace","email":"${value}"}]`, why)
  }
  const guess = "SELECT name FROM customers WHERE email LIKE 'g%'"
  seen(guess)
  const answer = await job.ask(guess)
  seen(answer)
  check(
    answer.startsWith('failed 42501') && answer.includes(MASK.name) && !server.log().includes(guess),
    'nor is it told by asking about it',
  )
}

export async function askModel({ model }: Stage, { job }: StartedJob): Promise<void> {
  step('The job asks a model about what it has read, with OpenAI’s own client. The key of the provider is in the gateway alone.')
  say(`${SMALL.name}: allow ${SMALL.do.join(', ')} when ${SMALL.when}`)
  const question = 'What sells best, by [{"item":"tea","sold":"7"}] and {"name":"Grace","email":"****.com"}?'
  seen(`gpt-4o: ${question}`)
  const refused = await job.ask(`? gpt-4o ${question}`)
  seen(refused)
  check(refused.startsWith('failed 403') && model.received.length === 0, 'no rule lets it ask that one, and the provider never hears of it')
  seen(`gpt-4o-mini: ${question}`)
  const answer = await job.ask(`? gpt-4o-mini ${question}`)
  seen(answer)
  check(answer === `said ${OPINION}`, 'from another one it gets what the provider says')
  const [received] = model.received
  check(
    received?.headers.authorization === `Bearer ${model.key}` && !received.text.includes(EMAIL),
    'with the gateway’s key, and about what the job was shown: the address never left',
  )
}

export async function kubectl({ cluster, gateway, people, console }: Stage, { job }: StartedJob): Promise<void> {
  if (cluster === undefined) return leftOut()
  step('The same for a cluster. The job has kubectl, and a kubeconfig that names the gateway; only the gateway may open the cluster.')
  for (const { name, effect, do: does, when } of CLUSTER_RULES) say(`${name}: ${effect} ${does?.join(', ')}${when ? ` when ${when}` : ''}`)
  const shown = (ran: { status: number; said: string }) => {
    for (const line of ran.said.trim().split('\n')) seen(line)
    return ran
  }
  const ran = async (...words: readonly string[]) => {
    seen(`$ kubectl ${words.join(' ')}`)
    return shown(await job.run(`kubectl ${words.join(' ')}`))
  }
  const saw = (verb: string, subresource?: string) =>
    cluster.running
      .audit()
      .filter(({ verb: other, objectRef }) => other === verb && objectRef?.name === POD && objectRef.subresource === subresource)

  const pods = await ran('get', 'pods')
  check(pods.status === 0 && pods.said.includes(POD), 'it lists pods, as it would without a gateway')
  const shell = await ran('exec', POD, '--', 'cat', '/var/run/secrets/kubernetes.io/serviceaccount/token')
  check(
    shell.status !== 0 && shell.said.includes(NO_SHELLS.name),
    'a command in a pod is refused, and kubectl says by which rule and what to do instead',
  )
  check(saw('create', 'exec').length === 0 && saw('get', 'exec').length === 0, 'the API server never heard of it')

  seen(`$ kubectl delete pod ${POD}`)
  job.tell(`$ kubectl delete pod ${POD}`)
  while ((await gateway.operator.approvals({ state: 'pending' })).approvals.length === 0) await sleep(20)
  check(saw('delete').length === 0, `deleting it waits for a person (${ASKED_TO_DELETE.name}); the API server has not heard of it`)
  const card = await approve(console, people, 'It hangs.')
  check(card.includes(`/api/v1/namespaces/default/pods/${POD}`), 'Ada is shown the exact request, and says yes')
  const { status } = shown(ranOf(await job.hear()))
  const [deleted, ...more] = saw('delete')
  check(
    status === 0 && deleted?.user.username === 'system:serviceaccount:default:gatescribe' && more.length === 0,
    'it is deleted, once, with the gateway’s own account',
  )
}

function leftOut(): void {
  step('Left out: the same for a cluster, as no API server was built here.')
  say(
    'With Go ≥ 1.26, test/kubernetes/parts/build.sh builds one from Go modules, and kubectl; then a job here lists pods, is refused a command in',
  )
  say('one of them, and waits for a person before it deletes it.')
}

/** The job is over: its run ends with it. */
export async function end(_: Stage, { job }: StartedJob): Promise<void> {
  step('The job ends, and its run with it. What gatescribe run has to say of it:')
  const status = await job.end()
  for (const line of job.told.trim().split('\n')) seen(line)
  check(status === 0 && job.told.includes('orders-db:'), 'how much it did, what was refused, held and masked; and that there is a receipt')
}

/** Another job's run is revoked while it works. */
export async function kill({ gateway, server }: Stage, { job, run }: StartedJob): Promise<void> {
  const long = "SELECT 'long' FROM pg_sleep(60)"
  job.tell(long)
  seen(long)
  while ((await busy(server)) === 0) await sleep(10)
  const revoked = performance.now()
  await gateway.operator.revokeRun(run)
  const answer = await job.hear()
  while ((await busy(server)) > 0 && performance.now() - revoked < 5_000) await sleep(10)
  const took = performance.now() - revoked
  seen(answer)
  check(answer.startsWith('failed'), 'the job is cut off')
  check(took < 1_000, `and nothing of it runs in PostgreSQL any more, ${Math.round(took)} ms later`)
  await job.end()
}

async function busy(server: Stage['server']): Promise<number> {
  const [row] = await server.query(`SELECT count(*)::int AS busy FROM pg_stat_activity WHERE usename = $1 AND state = 'active'`, [ROLE])
  return row?.busy as number
}
