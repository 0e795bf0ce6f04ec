import { request } from 'node:https'
import type { ExchangeAnswer } from '../../src/api/token/schemas.ts'
import { AUDIENCE } from './gateway-config.ts'
import type { TestIssuer } from './issuer.ts'

/** What a launcher gets for its job. */
export interface JobCredential {
  /** `run_…`: also the user name to log in with. */
  readonly run: string
  /** The plane credential: the password to log in with. */
  readonly password: string
  /** The run handle; the launcher's, never the job's. */
  readonly handle: string
  /** What the run may open on every plane. */
  readonly planes: ExchangeAnswer['gatescribe']['planes']
}

export interface ExchangeOptions {
  readonly port: number
  /** The gateway's names CA, PEM. */
  readonly ca: string
  readonly issuer: TestIssuer
  readonly claims?: Record<string, unknown>
}

/** RFC 8693 at the token door, with a token of the test issuer. @throws with the door's own answer where it refuses */
export async function exchangeToken({ port, ca, issuer, claims }: ExchangeOptions): Promise<JobCredential> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: await issuer.mint({ aud: AUDIENCE, ...claims }),
  })
  const { status, body } = await post(port, ca, form.toString())
  if (status !== 200) throw new Error(`the token door answered ${status}: ${body}`)
  const { access_token: handle, gatescribe } = JSON.parse(body) as ExchangeAnswer
  return { run: gatescribe.run, password: gatescribe.planes.postgres.credential, handle, planes: gatescribe.planes }
}

function post(port: number, ca: string, form: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(form),
      host: `localhost:${port}`,
    }
    const sent = request(
      { host: '127.0.0.1', servername: 'localhost', port, path: '/oauth/token', method: 'POST', ca, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      },
    )
    sent.once('error', reject)
    sent.end(form)
  })
}
