import type { Finding } from '../api/local/index.ts'
import type { HttpResourceConfig } from '../config/index.ts'
import { accountFindings } from '../doctor/index.ts'
import { CodedError } from '../operations/index.ts'
import { coverageOf, type Rule } from '../policy/index.ts'
import { selectsResource } from '../policy/selectors.ts'
import type { HttpTarget } from '../protocols/http/index.ts'
import type { AccountFacts } from '../protocols/kubernetes/index.ts'
import type { Rooms } from './rooms.ts'

/** Each finding is there within this long, ms. */
const PATIENCE_MS = 10_000

/** Each credential of a target in HTTP is tried, and the account of a cluster is held against what the rules permit through it. */
export async function* httpFindings({ http, inForce }: Rooms, resource: HttpResourceConfig, signal: AbortSignal): AsyncIterable<Finding> {
  if (http === undefined) return
  for (const { as, for: covered } of resource.credentials) {
    const subject = `resource ${resource.name}${resource.credentials.length > 1 ? ` as ${as}` : ''}`
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
    try {
      const { target } = await http.connector.connectAs(resource, as, {}, bounded)
      try {
        if (resource.kind !== 'kubernetes') yield await answering(subject, target, bounded, resource)
        else {
          const account = await accountOf(target, bounded)
          yield { subject, level: 'ok', found: `reached${trusted(resource)} and opened (Kubernetes ${account.serverVersion})` }
          yield* accountFindings(subject, account, permittedThrough(covered, resource, inForce.config.rules), resource.impersonate)
        }
      } finally {
        target.close()
      }
    } catch (error) {
      yield failed(subject, error)
    }
  }
}

const trusted = ({ tls }: HttpResourceConfig) => (tls.verify === 'off' ? '' : ', trusted')

async function accountOf(target: HttpTarget, signal: AbortSignal): Promise<AccountFacts> {
  const { readAccount } = await import('../protocols/kubernetes/index.ts')
  return readAccount(target, signal)
}

/** What asks for nothing that costs: of models which there are, since their servers look at a key there; elsewhere no more than a head. */
function harmless(resource: HttpResourceConfig): { readonly method: string; readonly path: string } {
  if (resource.kind !== 'model') return { method: 'HEAD', path: '/' }
  const path = { openai: '/models', anthropic: '/v1/models', 'azure-openai': '/openai/models?api-version=2024-10-21' }[resource.api]
  return { method: 'GET', path }
}

/** Whatever a target answers: that its path is none says nothing against its credential. */
async function answering(subject: string, target: HttpTarget, signal: AbortSignal, resource: HttpResourceConfig): Promise<Finding> {
  const { status, body } = await target.request({ ...harmless(resource), headers: [] }, signal)
  body.on('error', () => undefined).destroy()
  if (status < 500 && status !== 401 && status !== 403) return { subject, level: 'ok', found: `reached and answers (${status})` }
  return {
    subject,
    level: 'warn',
    found: `answers with ${status}`,
    next: 'Look whether the target is well, and what its credential may do.',
  }
}

/** What some rule, for whomever, could permit a session that this credential opens. */
function permittedThrough(
  covered: readonly string[] | undefined,
  resource: HttpResourceConfig,
  rules: readonly Rule[],
): ReadonlySet<string> {
  const permitting = rules.filter((rule) => rule.effect !== 'deny' && selectsResource(rule, resource))
  const classes = permitting.flatMap((rule) => [...(coverageOf(resource.kind, rule.do)?.permitted ?? [])])
  return new Set(classes.filter((name) => covered === undefined || covered.includes(name)))
}

/** Where the error's own next step is for an agent, who can do nothing about it. */
const OPERATORS_NEXT: Readonly<Record<string, string>> = {
  GS_HTTP_TARGET_LOGIN_REFUSED:
    'Look at the credential of this resource: whether the target still takes it, and whether it is the one that was meant.',
}

function failed(subject: string, error: unknown): Finding {
  if (error instanceof CodedError) {
    const why = error.cause instanceof CodedError ? ` ${error.cause.message}` : ''
    return { subject, level: 'fail', found: `${error.message}${why} [${error.code}]`, next: OPERATORS_NEXT[error.code] ?? error.next }
  }
  const late = error instanceof Error && error.name === 'TimeoutError'
  return { subject, level: 'fail', found: late ? `did not answer within ${PATIENCE_MS / 1000} s` : 'could not be looked at' }
}
