import type { Claims } from '../claims.ts'
import { PeopleError } from './errors.ts'

/**
 * Entra ID leaves `groups` out where there are more than 200 (6 in a URL), and says in their place where they could be asked for: distributed claims
 * (OpenID Connect Core 1.0 §5.6.2), or `hasgroups`. Without this check such a person would look like one without groups.
 *
 * The place is never asked: it is named by the token, and would want a permission to read the whole directory.
 *
 * @param wanted the top-level claims that the configuration reads
 * @throws PeopleError GS_PEOPLE_GROUPS_OVERAGE
 */
export function refuseOverage(claims: Claims, wanted: ReadonlySet<string>): void {
  const elsewhere = claims._claim_names
  for (const claim of wanted) {
    if (Object.hasOwn(claims, claim)) continue
    const isElsewhere = typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, claim)
    const isHidden = claim === 'groups' && claims.hasgroups !== undefined && claims.hasgroups !== false && claims.hasgroups !== 'false'
    if (isElsewhere || isHidden) throw new PeopleError('GS_PEOPLE_GROUPS_OVERAGE', `claim ${claim}`)
  }
}
