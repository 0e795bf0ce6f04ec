import { describe, expect, it } from 'vitest'
import { PLANE_KINDS, PLANES } from './planes.ts'

describe.each(PLANE_KINDS.map((kind) => ({ kind, ...PLANES[kind] })))('the effects of $kind', ({ classes, namedOnly, actions }) => {
  it('are each in a class that exists', () => {
    expect([...actions].filter(([, action]) => !classes.includes(action.class))).toEqual([])
    expect([...namedOnly].filter((name) => !classes.includes(name))).toEqual([])
  })

  it('are not called like a class, unless they are all of it', () => {
    const alike = [...actions].filter(([action]) => classes.includes(action))
    const alone = (name: string) => [...actions.values()].filter((action) => action.class === name).length === 1
    expect(alike.filter(([action, { class: of }]) => action !== of || !alone(of))).toEqual([])
  })

  it('are said in one sentence', () => {
    expect([...actions].filter(([, { meaning }]) => !/^[A-Z].*[.]$/.test(meaning))).toEqual([])
  })

  it('are named in lower case, as they stand in a rule', () => {
    expect([...actions.keys()].filter((action) => !/^[a-z]+( [a-z]+)*$/.test(action))).toEqual([])
  })

  it('come with session, which every plane has', () => {
    expect(classes[0]).toBe('session')
  })
})
