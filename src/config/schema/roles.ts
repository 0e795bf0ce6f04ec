import { z } from 'zod'
import { group, several } from './values.ts'

const holders = z.strictObject({
  groups: several(group, 'okta/sre').meta({ description: 'Any of these groups, of issuers that sign in people' }),
})

export const roles = z
  .strictObject({
    admin: holders.optional().meta({ description: 'May change what the gateway holds and who is cut off' }),
    auditor: holders.optional().meta({ description: 'May read the trail and what was recorded' }),
    approver: holders.optional().meta({ description: 'May be asked' }),
    member: holders.optional().meta({ description: 'May sign in without any other role; left out: everybody whom an issuer signs in' }),
  })
  .meta({ description: 'Who may do what here: roles come from groups of people and from nothing else' })
