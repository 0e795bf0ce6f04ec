import { newBrowser } from '../parts/browser.ts'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import type { TargetOptions, WrittenConfig } from '../parts/gateway-config.ts'
import type { TestIssuer } from '../parts/issuer.ts'
import { startPeopleIssuer, type TestPeopleIssuer } from '../parts/people-issuer.ts'
import { freePort } from '../parts/ports.ts'

/** Whoever is asked: Ada, on call, who has another account at the CI than the one that starts the jobs. */
const ADA = { name: 'Ada', groups: ['on-call'], github_id: '1815' }

/** A gateway where people sign in, and their issuer. @param patience milliseconds until a start counts as failed */
export async function startWithPeople(
  jobs: TestIssuer,
  target: TargetOptions,
  adjust?: (config: WrittenConfig) => void,
  patience?: number,
): Promise<{ gateway: RunningGateway; people: TestPeopleIssuer; console: string }> {
  const port = await freePort()
  const console = `http://localhost:${port}`
  const people = await startPeopleIssuer({ redirectUri: `${console}/signin/callback`, accounts: { ada: ADA } })
  const gateway = await startGateway({
    issuer: jobs,
    targets: [target],
    adjust(config: WrittenConfig) {
      Object.assign(config.gateway.listen as object, { admin: `127.0.0.1:${port}` })
      config.issuers.push({
        name: 'okta',
        issuer: people.url,
        insecureLoopback: true,
        people: { clientId: people.client.id, clientSecret: 'env:OKTA_SECRET', groups: '{groups}', link: { github: '{github_id}' } },
      })
      Object.assign(config, { roles: { approver: { groups: ['okta/on-call'] }, admin: { groups: ['okta/platform'] } } })
      adjust?.(config)
    },
    environment: { OKTA_SECRET: people.client.secret },
    ...(patience !== undefined && { patience }),
  })
  return { gateway, people, console }
}

/** Ada signs in, looks at the only request there is and says yes. @returns what she was shown: the facts, and exactly what would happen */
export async function approve(console: string, people: TestPeopleIssuer, reason: string): Promise<string> {
  const browser = newBrowser(console)
  await browser.signIn({ name: 'okta', signIn: people.signIn }, 'ada')
  const { body: list } = await browser.get('/approvals')
  const path = /href="(\/approvals\/apr_[^"]+)"/.exec(list)?.[1]
  if (path === undefined) throw new Error(`there is nothing to approve: ${list}`)
  const { body: card } = await browser.get(path)
  const csrf = /name="csrf" value="([^"]+)"/.exec(card)?.[1]
  if (csrf === undefined) throw new Error(`she is not asked: ${card}`)
  await browser.submit(path, { csrf, verdict: 'approve', reason })
  return card
}
