import { LONGEST_MS } from '../../breakglass/settings.ts'
import { milliseconds } from '../duration.ts'
import { signsInPeople } from '../people-settings.ts'
import { type Check, doubtful, inconsistent } from './check.ts'
import { groupOfPeople } from './people.ts'
import { unknownResource } from './rules.ts'
import { reach } from './shadows.ts'

/** Who may break the glass are people who can sign in, and what they open is there. */
export const checkBreakGlass: Check = function* ({ breakGlass, gateway, issuers, resources, roles }) {
  if (breakGlass === undefined) return
  const { who, confirm, on, longest } = breakGlass
  if (gateway.listen.admin === undefined)
    yield inconsistent(
      ['breakGlass'],
      'Nobody signs in here, so nobody could break the glass.',
      'Give gateway.listen.admin, or leave it out.',
    )
  const people = issuers.filter(signsInPeople)
  for (const [field, groups] of [['who', who.groups] as const, ['confirm', confirm?.groups ?? []] as const])
    for (const [at, group] of groups.entries()) yield* groupOfPeople(group, ['breakGlass', field, 'groups', at], people, issuers)
  if (confirm === undefined && roles?.approver === undefined && roles?.admin === undefined)
    yield doubtful(
      ['breakGlass'],
      'Nobody could be the second person: no group has the role approver or admin.',
      'Add confirm: { groups: […] }, or roles: { approver: … }.',
    )
  for (const [at, name] of (on.resources ?? []).entries()) yield* unknownResource(name, ['breakGlass', 'on', 'resources', at], resources)
  if (reach({ on }, resources).size === 0)
    yield doubtful(['breakGlass', 'on'], 'No resource matches this, so there is nothing to open.', 'Give a resource one of these tags.')
  const lasts = longest === undefined ? LONGEST_MS : milliseconds(longest)
  if (lasts < 60_000 || lasts > LONGEST_MS)
    yield inconsistent(['breakGlass', 'longest'], 'The glass is open for a minute to an hour.', 'Write for example 60m.')
}
