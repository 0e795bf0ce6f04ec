import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Client, type ClientConfig, type DatabaseError, type QueryResult } from 'pg'
import { expect } from 'vitest'
import type { ApprovalAnswer } from '../../src/api/local/approval-schemas.ts'
import { type Browser, newBrowser } from '../parts/browser.ts'
import { JOB_GROUP, type WrittenConfig, type WrittenRule } from '../parts/gateway-config.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'
import type { PostgresOptions } from '../parts/postgres.ts'
import { readTrail } from '../parts/recorded.ts'
import { openShop, SHOP_ROLE, type Shop } from '../parts/shop.ts'
import type { JobCredential } from '../parts/token-exchange.ts'

/** The account at the jobs' issuer that launches every run: Eve's. */
const LAUNCHER = '4242'

/** Who signs in at `okta`. All may approve; Cy's account at the jobs' issuer is not known. */
const ACCOUNTS = {
  ada: { name: 'Ada', groups: ['sre'], github_id: '1001' },
  bob: { name: 'Bob', groups: ['sre'], github_id: '1002' },
  eve: { name: 'Eve', groups: ['sre'], github_id: LAUNCHER },
  cy: { name: 'Cy', groups: ['sre'] },
} as const

export type Account = keyof typeof ACCOUNTS

/** Another database behind the same resource. */
export const ANNEX = 'annex'

const by = (count: number) => ({ approvers: { groups: ['okta/sre'], count } })
type AskRule = WrittenRule & { readonly approvers?: object; readonly for?: string; readonly stream?: boolean }

/** One person for a DELETE, two for an UPDATE, a short while for a TRUNCATE; everything else goes without. */
export const RULES: readonly AskRule[] = [
  { name: 'reports-may', effect: 'allow', who: { groups: [JOB_GROUP] }, do: ['postgres.*'] },
  { name: 'one-for-deletions', effect: 'ask', do: ['postgres.delete'], ...by(1), for: '15m' },
  { name: 'two-for-updates', effect: 'ask', do: ['postgres.update'], ...by(2), for: '15m' },
  { name: 'soon-for-truncation', effect: 'ask', do: ['postgres.truncate'], ...by(1), for: '10s' },
]

export interface OfficeOptions {
  readonly postgres?: PostgresOptions
  /** Sections of the configuration that differ. */
  readonly config?: Record<string, unknown>
  /** Last word on all of it. */
  readonly adjust?: (config: WrittenConfig) => void
}

/** What the admin door answered. */
export interface Answered {
  readonly status: number
  /** Of what is refused. */
  readonly code?: string
  readonly request?: ApprovalAnswer
}

/** Somebody who has signed in. */
export interface PersonAtWork {
  readonly browser: Browser
  readonly csrf: string
  decide(id: string, verdict: 'approve' | 'deny', reason?: string): Promise<Answered>
  revoke(id: string): Promise<Answered>
}

/** What a client has sent that waits for persons. */
export interface Held {
  readonly id: string
  readonly notice: { readonly message?: string; readonly detail?: string; readonly hint?: string }
  /** How it went; of a refusal the error. */
  readonly result: Promise<QueryResult | DatabaseError>
}

/** Text, or a statement that the driver prepares under a name. */
export type Query = string | { readonly name: string; readonly text: string; readonly values?: unknown[] }

/** A job of the agent's, with its connection. */
export interface Agent {
  readonly job: JobCredential
  readonly client: Client
  /** Sends something, and waits until it is told that a person is asked. */
  ask(text: Query, values?: unknown[]): Promise<Held>
  /** The rows of something; or the error. */
  send(text: Query, values?: unknown[]): Promise<QueryResult | DatabaseError>
  /** Asks for what runs to be cancelled, on a connection of its own. */
  cancel(): void
  /** Goes away as a process that is killed does. */
  die(): void
}

/** A gateway whose rules ask people who sign in, with agents before it and a real PostgreSQL behind it. */
export class Office {
  readonly shop: Shop
  readonly url: string
  readonly #people: TestPeopleIssuer
  readonly #persons = new Map<Account, Promise<PersonAtWork>>()
  readonly #clients: Client[] = []

  private constructor(shop: Shop, people: TestPeopleIssuer, url: string) {
    this.shop = shop
    this.url = url
    this.#people = people
  }

  static async open({ postgres, config: sections, adjust: last }: OfficeOptions = {}): Promise<Office> {
    const port = await freePort()
    const url = `http://localhost:${port}`
    const people = await startPeopleIssuer({ redirectUri: `${url}/signin/callback`, accounts: ACCOUNTS })
    const adjust = (config: WrittenConfig) => {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      const { id: clientId } = people.client
      config.issuers.push({
        ...{ name: 'okta', issuer: people.url, insecureLoopback: true },
        people: { clientId, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
      })
      const rest = { roles: { approver: { groups: ['okta/sre'] } }, approvals: { hold: { postgres: '10s' } } }
      Object.assign(config, rest, { rules: [...RULES] }, sections)
      const [resource] = config.resources as [{ aliases: string[]; databases: Record<string, string> }]
      resource.aliases.push(ANNEX)
      resource.databases[ANNEX] = ANNEX
      last?.(config)
    }
    const environment = { OKTA_SECRET: people.client.secret }
    const shop = await openShop({ ...(postgres && { postgres }), gateway: { adjust, environment } })
    await shop.server.query(`CREATE DATABASE ${ANNEX} OWNER ${SHOP_ROLE}`)
    return new Office(shop, people, url)
  }

  /** The gateway stops, or is killed, and starts again. */
  async again(how: 'stop' | 'kill9' = 'stop'): Promise<void> {
    await this.shop.gateway[how]()
    this.shop.gateway = await this.shop.gateway.again()
    this.#persons.clear()
  }

  /** Signs in once. */
  person(account: Account): Promise<PersonAtWork> {
    const before = this.#persons.get(account)
    if (before) return before
    const signing = this.#signIn(account)
    this.#persons.set(account, signing)
    return signing
  }

  async #signIn(account: Account): Promise<PersonAtWork> {
    const browser = newBrowser(this.url)
    await browser.signIn({ name: 'okta', signIn: (url, who) => this.#people.signIn(url, who) }, account)
    const { csrf } = JSON.parse((await browser.get('/v1/me')).body) as { csrf: string }
    const post = async (path: string, body: object): Promise<Answered> => {
      const response = await fetch(new URL(path, this.url), {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          ...{ 'content-type': 'application/json', origin: this.url, 'x-gatescribe-csrf': csrf },
          cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        },
      })
      const said = (await response.json()) as ApprovalAnswer & { code?: string }
      return response.ok ? { status: response.status, request: said } : { status: response.status, code: said.code ?? '' }
    }
    return {
      browser,
      csrf,
      decide: (id, verdict, reason) => post(`/v1/approvals/${id}/decide`, { verdict, ...(reason !== undefined && { reason }) }),
      revoke: (id) => post(`/v1/approvals/${id}/revoke`, {}),
    }
  }

  /** Ada says yes to it, and is heard. */
  async approve(id: string): Promise<void> {
    expect(await (await this.person('ada')).decide(id, 'approve')).toMatchObject({ status: 200 })
  }

  /** @param job of another agent: then it is the same run */
  async agent(job?: JobCredential, more: ClientConfig = {}): Promise<Agent> {
    const credential = job ?? (await this.shop.gateway.credential())
    const client = new Client({ ...this.shop.clientOf(credential), ...more })
    this.#clients.push(client)
    client.on('error', () => undefined)
    await client.connect()
    const send: Agent['send'] = (text, values) => client.query(text as string, values).catch((error: DatabaseError) => error)
    return {
      job: credential,
      client,
      send,
      async ask(text, values) {
        const told = Promise.withResolvers<Held['notice']>()
        client.once('notice', told.resolve)
        const result = send(text, values)
        const notice = await Promise.race([
          told.promise,
          result.then((came) => {
            throw new Error(`nobody was asked: ${came instanceof Error ? `${came.message} ${came.detail}` : JSON.stringify(came.rows)}`)
          }),
        ])
        return { id: idIn(notice.message), notice, result }
      },
      cancel: () => {
        const canceller = new Client(this.shop.clientOf(credential)) as unknown as { cancel(client: Client, query: unknown): void }
        canceller.cancel(client, (client as unknown as { _activeQuery: unknown })._activeQuery)
      },
      die: () => (client as unknown as { connection: { stream: import('node:net').Socket } }).connection.stream.destroy(),
    }
  }

  /** Requests as the operator sees them. */
  async requests(of: Readonly<Record<string, string>> = {}): Promise<readonly ApprovalAnswer[]> {
    return (await this.shop.gateway.operator.approvals({ limit: '100', ...of })).approvals
  }

  async request(id: string): Promise<ApprovalAnswer> {
    return (await this.shop.gateway.operator.approval(id)).request
  }

  /** What the trail says of a request, in order; intents too. */
  async story(id: string): Promise<readonly string[]> {
    return (await readTrail(this.shop.gateway.operator))
      .filter(({ kind, fields }) => fields.approval === id && kind !== 'log.read')
      .map(({ kind, fields }) => [kind, fields.verdict ?? fields.state, fields.why].filter((word) => word !== undefined).join(' '))
  }

  /** Stops the gateway and has the verifier read its whole log. */
  async verify(): Promise<string> {
    const { keys } = await this.shop.gateway.operator.logKeys()
    await this.shop.gateway.stop()
    const command = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
    const words = [command, join(this.shop.gateway.data, 'trail/log'), ...keys.flatMap(({ vkey }) => ['--key', vkey])]
    return execFileSync(process.execPath, words, { encoding: 'utf8' })
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.end().catch(() => undefined)
    await this.shop.close()
    await this.#people.close()
  }
}

/** The request that a notice or an error speaks of. */
export function idIn(text: string | undefined): string {
  const id = /apr_[a-z0-9]+/.exec(text ?? '')?.[0]
  if (id === undefined) throw new Error(`no request in: ${text}`)
  return id
}

/** What an agent is told of a refusal, by its code. */
export function codeOf(came: QueryResult | DatabaseError): string {
  return came instanceof Error ? (/GS_\w+/.exec(came.detail ?? '')?.[0] ?? `${came.code} ${came.message}`) : 'it ran'
}

/** The story of what went through. */
export const RAN = ['approval.asked', 'approval.decided approve', 'approval.used', 'operation.intent']
