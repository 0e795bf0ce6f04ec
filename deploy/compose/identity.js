// Stands in for what signs for workloads: GitHub, GitLab, a cluster. Each second, each of them finds a token of its own in its folder that was not there before:
// a token opens one run. Only this service can read the key.
import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const key = JSON.parse(readFileSync(join(process.env.DEMO_KEY ?? '/run/secrets/identity', 'key.json'), 'utf8'))
const signing = createPrivateKey({ key, format: 'jwk' })
const TOKENS = process.env.DEMO_TOKENS ?? '/tokens'
const LIVES_SECONDS = 300

const workloads = {
  job: () => ({ kind: 'job', project: 'reports', workflow: 'quickstart', launcher: 'you', build: randomUUID() }),
  connector: () => ({ kind: 'connector', site: 'plant' }),
}

function lay() {
  for (const [name, claims] of Object.entries(workloads)) {
    const path = join(TOKENS, name, 'token')
    // What an earlier one left cannot be written to.
    rmSync(`${path}.part`, { force: true })
    writeFileSync(`${path}.part`, token(`${name}:quickstart`, claims()), { mode: 0o400 })
    renameSync(`${path}.part`, path)
  }
}

/** A JWT signed with ES256 (RFC 7519, RFC 7518 §3.4). */
function token(subject, claims) {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    ...{ iss: 'https://identity.quickstart.example', aud: 'https://gateway', sub: subject, tenant_id: 'quickstart' },
    ...{ iat: now, nbf: now, exp: now + LIVES_SECONDS, jti: randomUUID() },
    ...claims,
  }
  const text = [{ alg: 'ES256', typ: 'JWT', kid: key.kid }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${sign('sha256', Buffer.from(text), { key: signing, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

lay()
const again = setInterval(lay, 1_000)
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => clearInterval(again))
