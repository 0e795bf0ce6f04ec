import { describe, expect, it } from 'vitest'
import type { Facts } from '../operations/index.ts'
import type { Asker } from './asker.ts'
import { createPolicy } from './create-policy.ts'
import type { Rule } from './rule.ts'

const asker: Asker = {
  principal: { kind: 'job', issuer: 'ci', subject: 's', groups: [] },
  resource: { name: 'tickets', kind: 'mcp', tags: [] },
}
const tool = (name: string): Facts => ({
  effects: [{ class: 'call', action: 'call tool' }],
  tool: { server: 'tickets', method: 'tools/call', name, uri: '' },
})
const rule = (over: Partial<Rule> & Pick<Rule, 'effect'>): Rule => ({ name: `rule-${over.effect}`, do: ['mcp.call'], ...over })
const could = (rules: readonly Rule[], name = 'read', now = 0) => createPolicy(rules).couldAllow(asker, tool(name), now)

describe('what could be permitted of a tool of which only the name is known', () => {
  it('is what a rule allows or asks about, by its name', () => {
    expect(could([rule({ effect: 'allow', when: 'tool.name == "read"' })])).toBe(true)
    expect(could([rule({ effect: 'allow', when: 'tool.name == "read"' })], 'write')).toBe(false)
    expect(could([rule({ effect: 'ask', when: 'tool.name == "write"' })], 'write')).toBe(true)
    expect(could([])).toBe(false)
  })

  it('is what its arguments decide about, as they are not known', () => {
    const byArguments = 'tool.name == "read" && tool.arguments.path.startsWith("/tmp/")'
    expect(could([rule({ effect: 'allow', when: byArguments })])).toBe(true)
    expect(could([rule({ effect: 'allow', when: byArguments })], 'write')).toBe(false)
  })

  it('is not what a rule denies whatever its arguments are', () => {
    const all = rule({ effect: 'allow' })
    expect(could([all, rule({ effect: 'deny', when: 'tool.name == "read"' })])).toBe(false)
    expect(could([all, rule({ effect: 'deny', when: 'tool.arguments.force == true' })])).toBe(true)
    expect(could([all, rule({ effect: 'deny' })])).toBe(false)
  })

  it('ends with the rule that permits it', () => {
    const until = [rule({ effect: 'allow', until: 100 })]
    expect([could(until, 'read', 99), could(until, 'read', 100)]).toEqual([true, false])
  })
})
