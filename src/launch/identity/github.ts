import type { AmbientSurroundings } from './ambient-identity.ts'
import { askForField } from './ask.ts'

type Minting = Pick<AmbientSurroundings, 'env' | 'audience' | 'signal'>

/** GitHub Actions: GET with the job's request token gives `{ value: <JWT> }` for the audience asked for. Needs `permissions: id-token: write`. */
export async function mintAtGitHub({ env, audience, signal }: Minting): Promise<string> {
  const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? 'missing:')
  url.searchParams.set('audience', audience)
  const headers = { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}`, accept: 'application/json' }
  return askForField('value', { who: 'GitHub Actions', url, headers, signal })
}
