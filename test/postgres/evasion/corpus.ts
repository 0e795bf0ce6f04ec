import { checklist } from './attempts/checklist.ts'
import { clauses } from './attempts/clauses.ts'
import { code } from './attempts/code.ts'
import { constraints } from './attempts/constraints.ts'
import { conversions } from './attempts/conversions.ts'
import { definitions } from './attempts/definitions.ts'
import { effects } from './attempts/effects.ts'
import { lexing } from './attempts/lexing.ts'
import { messages } from './attempts/messages.ts'
import { numbers } from './attempts/numbers.ts'
import { operators } from './attempts/operators.ts'
import { planning } from './attempts/planning.ts'
import { portals } from './attempts/portals.ts'
import { prepared } from './attempts/prepared.ts'
import { queries } from './attempts/queries.ts'
import { races } from './attempts/races.ts'
import { readable } from './attempts/readable.ts'
import { reading } from './attempts/reading.ts'
import { searchPath } from './attempts/search-path.ts'
import { sessions } from './attempts/sessions.ts'
import { settings } from './attempts/settings.ts'
import { shadows } from './attempts/shadows.ts'
import { statements } from './attempts/statements.ts'
import { temporary } from './attempts/temporary.ts'
import { triggers } from './attempts/triggers.ts'
import { types } from './attempts/types.ts'
import { writing } from './attempts/writing.ts'
import type { Evasion } from './evasion.ts'

export const corpus: readonly Evasion[] = [
  ...checklist,
  ...code,
  ...definitions,
  ...lexing,
  ...messages,
  ...operators,
  ...portals,
  ...prepared,
  ...queries,
  ...races,
  ...readable,
  ...reading,
  ...searchPath,
  ...settings,
  ...shadows,
  ...statements,
  ...temporary,
  ...triggers,
  ...types,
  ...writing,
  ...clauses,
  ...constraints,
  ...conversions,
  ...effects,
  ...sessions,
  ...numbers,
  ...planning,
]
