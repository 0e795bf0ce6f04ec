import { describe, expect, it } from 'vitest'
import { type AccountToJudge, accountFindings } from './account.ts'

describe('the account of the gateway at a cluster', () => {
  const judge = (account: Partial<AccountToJudge>, permitted: readonly string[] = [], impersonates = false) =>
    accountFindings('resource prod', { everything: false, may: [], ...account }, new Set(permitted), impersonates).map(
      ({ level, found }) => `${level} ${found}`,
    )
  const may = [
    { class: 'create', what: 'create pods' },
    { class: 'impersonate', what: 'act as anybody' },
  ]

  it('is warned of where it may do everything', () => {
    expect(judge({ everything: true, may })).toEqual(['warn Its account may do everything in the cluster.'])
    expect(judge({})).toEqual(['ok Its account may do no more than the rules permit, as far as it was asked.'])
  })

  it('is warned of where it may do what no rule permits', () => {
    expect(judge({ may })).toEqual(['warn Its account may create pods, act as anybody, and nothing permits that through this credential.'])
    expect(judge({ may }, ['create', 'impersonate'])).toEqual([expect.stringMatching(/^ok /)])
  })

  it('needs to act as others where the cluster is told who asks, and only there', () => {
    expect(judge({ may }, ['create'], true)).toEqual([expect.stringMatching(/^ok /)])
    expect(judge({ may: may.slice(0, 1) }, ['create'], true)).toEqual([expect.stringMatching(/^fail Its account may not act as others/)])
  })
})
