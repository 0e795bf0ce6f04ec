import { type RunningCluster, startCluster } from '../parts/kubernetes-cluster.ts'
import { startModelServer } from '../parts/model-server.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { issueTestCertificates } from '../parts/test-certificates.ts'
import type { ClusterWanted, Question, StartedTargets, Wanted } from './targets.ts'

// Real targets in the network namespace that this process was started in, on every address of it. Told what to start by JSON on the command line, asked by
// messages of its parent, ended with it.

/** Whoever opens the cluster is nobody special, with a role that allows everything. */
const ROBOT = { token: 'robot-0123456789abcdef', user: 'robot', groups: ['robots'] }

const wanted = JSON.parse(process.argv[2] as string) as Wanted
const [server, cluster, model] = await Promise.all([
  wanted.postgres && postgres(wanted.postgres),
  wanted.cluster && kubernetes(wanted.cluster),
  wanted.model && models(),
])
const started: StartedTargets = {
  ...(server && { postgres: { port: server.port, ca: server.certificates?.ca ?? '', pid: server.pid } }),
  ...(cluster && { cluster: { port: cluster.port, ca: cluster.ca, token: ROBOT.token, kubectl: cluster.binaries.kubectl } }),
  ...(model && { model: { port: model.port, ca: model.ca, key: model.key } }),
}

async function postgres({ role, password, database, settings }: NonNullable<Wanted['postgres']>): Promise<RunningPostgres> {
  const running = await startPostgres({
    tls: true,
    logStatements: true,
    hba: ['host all postgres 127.0.0.1/32 trust', `hostssl ${database} ${role} 10.203.0.0/16 scram-sha-256`],
    settings: { listen_addresses: '*', ...settings },
  })
  await running.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
  await running.query(`CREATE DATABASE ${database} OWNER ${role}`)
  return running
}

async function kubernetes({ pod }: ClusterWanted): Promise<RunningCluster> {
  const running = await startCluster({ tokens: [ROBOT], flags: ['--bind-address=0.0.0.0'] })
  await running.kubectl(['create', 'clusterrolebinding', 'robots', '--clusterrole=cluster-admin', '--group=robots'])
  await running.pod(pod)
  return running
}

async function models() {
  const certificates = await issueTestCertificates(['models.internal'])
  const running = await startModelServer(
    ({ stream, turns }) => ({
      text: 'Four orders are late.',
      ...(stream && { delay: turns.at(-1)?.text.includes('slowly') ? 2_000 : 20 }),
    }),
    { tls: certificates.server, address: '0.0.0.0' },
  )
  return { ...running, ca: certificates.ca }
}

async function answer(question: Question): Promise<unknown> {
  switch (question.about) {
    case 'query':
      return server?.queryIn({ database: question.database, user: 'postgres' }, question.sql)
    case 'statements':
      return server?.log()
    case 'kubectl':
      return cluster?.kubectl(question.words)
    case 'audit':
      return cluster?.audit()
    case 'asked':
      return model?.received.map(({ path, status, aborted }) => ({ path, status, aborted }))
  }
}

process.on('message', async (question: Question) => {
  try {
    process.send!({ id: question.id, answer: await answer(question) })
  } catch (error) {
    process.send!({ id: question.id, error: String(error) })
  }
})
process.once('disconnect', async () => {
  await Promise.all([server?.stop(), cluster?.stop(), model?.close()])
  process.exit(0)
})
process.send!({ started })
