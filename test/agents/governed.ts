import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { approve, startWithPeople } from '../demo/approver.ts'
import { builtCommand } from '../parts/built.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { AUDIENCE, JOB_GROUP, type WrittenConfig, type WrittenRule } from '../parts/gateway-config.ts'
import { startGitHubMinting } from '../parts/github-minting.ts'
import { startIssuer } from '../parts/issuer.ts'
import { DATABASE, type Launch, PASSWORD, ROLE, type Targets } from './world.ts'

/** A gateway in front of what jobs open, an issuer as GitHub has it, and somebody who approves. */
export interface Governed {
  readonly gateway: RunningGateway
  /**
   * How a step of a workflow starts a job: `gatescribe run`, in an environment that still holds everything that a job of its own had.
   * @param claims of the workflow's tokens
   */
  launch(claims?: Readonly<Record<string, string>>, words?: readonly string[]): Launch
  /** Somebody who is asked says yes to the only request there is. @returns what they were shown */
  approve(): Promise<string>
  stop(): Promise<void>
}

/** Frameworks start beside it. */
const PATIENCE_MS = 40_000

export const DATABASE_RESOURCE = 'shop-db'
/** The job as its issuer proves it. */
export const JOB = { repository: 'acme/reports', workflow: 'nightly report', commit: '3f786850e387550fdab836ed7e6dc881de23001b' }

export const RULES: readonly WrittenRule[] = [
  { name: 'shop-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['postgres.*'] },
  {
    name: 'history-stays',
    effect: 'deny',
    do: ['postgres.truncate', 'postgres.define'],
    say: 'The history of orders is kept. Leave it as it is.',
  },
  { name: 'removing-needs-a-person', effect: 'ask', do: ['postgres.delete'], approvers: { groups: ['okta/on-call'] } },
  {
    name: 'pods-may-be-marked',
    effect: 'allow',
    who: { groups: [JOB_GROUP] },
    do: ['kubernetes.get', 'kubernetes.list', 'kubernetes.watch', 'kubernetes.patch'],
    when: 'k8s.resource == "pods"',
  },
  { name: 'no-shells', effect: 'deny', do: ['kubernetes.exec'], say: 'Read the logs instead.' },
  { name: 'models-may-be-asked', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['model.*'] },
  {
    name: 'no-secret-models',
    effect: 'deny',
    do: ['model.call'],
    when: 'model.model.endsWith("-secret")',
    say: 'Ask another model.',
  },
  { name: 'tickets-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['mcp.*'] },
  {
    name: 'no-urgent-tickets',
    effect: 'deny',
    do: ['mcp.call'],
    when: 'tool.name == "create_ticket" && tool.arguments.priority == "high"',
    say: 'Only people file urgent tickets. Use priority low.',
  },
]

export const MASKS = [
  { name: 'customer-contact', columns: [`${DATABASE}.public.customers.email`], as: 'partial' },
  { name: 'contact-in-tickets', on: { resources: ['tickets'] }, detect: ['email'], as: 'redact' },
]

export async function startGoverned(targets: Targets, adjust?: (config: WrittenConfig) => void): Promise<Governed> {
  const { server, cluster, model, tickets, folder } = targets
  const issuer = await startIssuer()
  const github = await startGitHubMinting(issuer)
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return `file:${path}`
  }
  const target = { name: DATABASE_RESOURCE, server, user: ROLE, password: PASSWORD, databases: { [DATABASE]: DATABASE } }
  const { gateway, people, console } = await startWithPeople(
    issuer,
    target,
    (config) => {
      config.gateway.listen = { ...(config.gateway.listen as object), https: '127.0.0.1:0' }
      if (cluster) {
        config.resources.push({
          name: 'cluster',
          kind: 'kubernetes',
          address: cluster.url,
          tls: { ca: file('cluster-ca.pem', cluster.ca) },
          credentials: [{ as: 'shop', token: file('cluster-token', cluster.token) }],
        })
      }
      config.resources.push(
        {
          name: 'openai',
          kind: 'model',
          api: 'openai',
          address: `${model.url}/v1`,
          credentials: [{ as: 'key', apiKey: file('model-key', model.key) }],
        },
        {
          name: 'anthropic',
          kind: 'model',
          api: 'anthropic',
          address: model.url,
          credentials: [{ as: 'key', apiKey: file('anthropic-key', model.key) }],
        },
        {
          name: 'tickets',
          kind: 'mcp',
          address: tickets.url,
          credentials: [{ as: 'agent', bearer: file('tickets-token', tickets.token) }],
          pin: 'first',
          env: { url: 'TICKETS_MCP_URL', token: 'TICKETS_MCP_TOKEN' },
        },
      )
      Object.assign(config, { rules: [...RULES], masks: MASKS })
      adjust?.(config)
    },
    PATIENCE_MS,
  )
  const ca = join(gateway.folder, 'gatescribe-ca.pem')
  writeFileSync(ca, gateway.ca)
  const command = await builtCommand()
  return {
    gateway,
    launch: (claims, words = []) => ({
      before: [process.execPath, command, 'run', ...words, '--'],
      environment: {
        ...targets.environment,
        ...github.step(claims),
        GATESCRIBE_GATEWAY: `https://localhost:${gateway.tokenPort}`,
        GATESCRIBE_CA: ca,
        GATESCRIBE_AUDIENCE: AUDIENCE,
      },
    }),
    approve: () => approve(console, people, 'Order 3 is a duplicate.'),
    async stop() {
      await gateway.remove()
      await Promise.all([people.close(), github.close(), issuer.close()])
    },
  }
}
