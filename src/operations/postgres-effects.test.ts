import { expect, it } from 'vitest'
import { POSTGRES_ACTIONS, POSTGRES_CLASSES } from './postgres-effects.ts'

it('has no action that is called like a class, and each in a class that exists', () => {
  const classes: readonly string[] = POSTGRES_CLASSES
  expect([...POSTGRES_ACTIONS.keys()].filter((action) => classes.includes(action))).toEqual([])
  expect([...POSTGRES_ACTIONS].filter(([, action]) => !classes.includes(action.class))).toEqual([])
})

it('says what every action is in one sentence', () => {
  expect([...POSTGRES_ACTIONS].filter(([, { meaning }]) => !/^[A-Z].*[.]$/.test(meaning))).toEqual([])
})

it('names actions in lower case, as they stand in a rule', () => {
  expect([...POSTGRES_ACTIONS.keys()].filter((action) => !/^[a-z]+( [a-z]+)*$/.test(action))).toEqual([])
})
