import { type Finding, fail, ok, warn } from './finding.ts'

/** What an account may do at a cluster, as far as it was asked: `AccountFacts` of protocols/kubernetes. */
export interface AccountToJudge {
  readonly everything: boolean
  readonly may: readonly { readonly class: string; readonly what: string }[]
}

/**
 * The rules are the second wall; an account that may do no more than they permit is the first.
 * @param subject such as `resource prod-cluster`
 * @param permitted classes of effects that the rules permit of what the credential is for
 * @param impersonates whether the cluster is told who asks
 */
export function accountFindings(
  subject: string,
  account: AccountToJudge,
  permitted: ReadonlySet<string>,
  impersonates: boolean,
): readonly Finding[] {
  const findings: Finding[] = []
  if (impersonates && !account.may.some((power) => power.class === 'impersonate')) {
    const next = 'Give it the verb impersonate on users and groups, or write impersonate: false.'
    findings.push(fail(subject, 'Its account may not act as others, and impersonate: true has it do so with every request.', next))
  }
  if (account.everything) {
    const next =
      'Give the gateway an account with the rights that the rules need: they are the second wall, a least-privileged account is the first.'
    return [...findings, warn(subject, 'Its account may do everything in the cluster.', next)]
  }
  const needless = account.may.filter((power) => !permitted.has(power.class) && !(impersonates && power.class === 'impersonate'))
  if (needless.length > 0) {
    const found = `Its account may ${needless.map(({ what }) => what).join(', ')}, and nothing permits that through this credential.`
    findings.push(warn(subject, found, 'Take these rights from it, or give the credential another account.'))
  }
  return findings.length > 0 ? findings : [ok(subject, 'Its account may do no more than the rules permit, as far as it was asked.')]
}
