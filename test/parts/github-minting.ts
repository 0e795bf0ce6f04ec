import { randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestIssuer } from './issuer.ts'

/** What GitHub Actions gives a job with `permissions: id-token: write`: an endpoint that mints for the audience that is asked for. */
export interface GitHubMinting {
  /** Variables of a step. @param claims of its tokens; by default each call is a workflow run of its own */
  step(claims?: Record<string, unknown>): Readonly<Record<string, string>>
  /** Tokens that were minted. */
  readonly minted: readonly string[]
  close(): Promise<void>
}

export async function startGitHubMinting(issuer: TestIssuer): Promise<GitHubMinting> {
  const minted: string[] = []
  const steps = new Map<string, Record<string, unknown>>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const claims = steps.get((request.headers.authorization ?? '').replace(/^Bearer /, ''))
    if (claims === undefined) return void response.writeHead(401).end()
    issuer.mint({ aud: url.searchParams.get('audience'), ...claims }).then((value) => {
      minted.push(value)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ count: 1, value }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    minted,
    step(claims) {
      const token = `request-${randomInt(2 ** 40)}`
      steps.set(token, { run_id: String(randomInt(2 ** 40)), ...claims })
      return {
        GITHUB_ACTIONS: 'true',
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/mint?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: token,
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
