import { expect, it } from 'vitest'
import { Refusal } from '../../../operations/index.ts'
import { refusalFields } from './stand-ins.ts'

it.each([
  [undefined, 'Refused by the gateway (GS_POLICY_DENIED).'],
  ['no-secrets', 'Refused by rule "no-secrets" (GS_POLICY_DENIED).'],
  ['mask:contacts', 'Refused by mask "contacts" (GS_POLICY_DENIED).'],
])('a refusal says who refused: %s', (rule, detail) => {
  expect(refusalFields(new Refusal('GS_POLICY_DENIED', { rule })).detail).toBe(detail)
})
