import type { PostgresResourceConfig } from '../config/index.ts'
import { type Finding, failed, ok, warn } from './finding.ts'

/** What a log-in at a resource shows: `readRole` of protocols/postgres, which `gateway/` brings here. */
export interface Standing {
  /** What its role may do beyond its grants. */
  readonly powers: readonly string[]
  readonly serverVersion: string
}

/** Logs in at a resource with the gateway's own credential, looks, and leaves. Rejects with a CodedError. */
export type Visit = (resource: PostgresResourceConfig, signal: AbortSignal) => Promise<Standing>

const VISIT_MS = 10_000

/** Whether a resource can be reached, is trusted, lets the gateway in, and lets it do no more than it should. */
export async function examineResource(resource: PostgresResourceConfig, visit: Visit, signal: AbortSignal): Promise<readonly Finding[]> {
  const subject = `resource ${resource.name}`
  try {
    const { powers, serverVersion } = await visit(resource, AbortSignal.any([signal, AbortSignal.timeout(VISIT_MS)]))
    const findings = [ok(subject, `The gateway can log in there (PostgreSQL ${serverVersion}).`)]
    if (resource.tls.verify === 'off') {
      findings.push(warn(subject, 'The connection to it is not encrypted.', 'Turn TLS on at the target and remove tls: { verify: off }.'))
    }
    findings.push(
      powers.length === 0
        ? ok(subject, 'Its role may do what it was granted, and no more.')
        : warn(
            subject,
            `Its role ${resource.credential.user} has ${powers.join(', ')}.`,
            'Give the gateway a role without these: rules are the second wall, a least-privileged role is the first.',
          ),
    )
    return findings
  } catch (error) {
    return [failed(subject, error, 'Check its address, its CA and its credential.')]
  }
}
