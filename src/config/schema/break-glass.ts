import { z } from 'zod'
import { on } from './selectors.ts'
import { complaint, duration, group, several } from './values.ts'

const groups = several(group, 'okta/sre').meta({ description: 'Any of these groups, of issuers that sign in people' })
const persons = z.strictObject(
  { groups },
  { error: complaint('This must name groups of people.', 'Write for example { groups: [okta/sre] }.') },
)

export const breakGlass = z
  .strictObject({
    who: persons.meta({ description: 'Who may ask for it' }),
    on: on.meta({ description: 'On which resources' }),
    longest: duration.optional().meta({ description: 'How long one opening may last; an hour at most, which is the default' }),
    confirm: persons.optional().meta({ description: 'Who may be the second person; left out: one who holds the role approver or admin' }),
  })
  .meta({ description: 'What two persons may open for one of them in an emergency; left out: nothing' })
