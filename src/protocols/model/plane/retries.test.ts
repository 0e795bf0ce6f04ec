import { expect, it } from 'vitest'
import { type Attempt, Retries } from './retries.ts'

it('takes no more for retries of one call than an SDK makes, whatever a client says', () => {
  const retries = new Retries(() => 0)
  const attempt = (): Attempt => ({
    ...{ run: 'run_1', resource: 'model', text: Buffer.from('POST /x'), headers: [['x-stainless-retry-count', '1']] },
  })
  let known = 0
  for (let operation = 1; operation <= 100; operation++) {
    const one = attempt()
    if (retries.take(one)) known++
    retries.failed(one, { session: 'ses_1', operation } as never)
  }
  // A chain of ten, and then a first one again.
  expect(known).toBe(90)
})
