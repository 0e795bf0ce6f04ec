import { expect, it } from 'vitest'
import { Retries } from './retries.ts'

const attempt = (method: 'GET' | 'POST', target = '/api/v1/namespaces/shop/pods/a/exec?command=id') => ({
  ...({ run: 'run_1', resource: 'prod', request: { method, target, channel: 'exec' }, headers: [['Kubectl-Session', 's']] } as const),
})
const of = (operation: number) => ({ session: 'ses_1', operation })

it('knows SPDY as a second attempt at the WebSocket that was refused, once', () => {
  const retries = new Retries(() => 0)
  retries.failed(attempt('GET'), of(1))
  expect(retries.take(attempt('POST'))).toEqual(of(1))
  expect(retries.take(attempt('POST'))).toBeUndefined()
})

it('takes nothing for a second attempt that is a third one, or the same way again', () => {
  const retries = new Retries(() => 0)
  retries.failed(attempt('GET'), of(1))
  expect(retries.take(attempt('GET'))).toBeUndefined()
  expect(retries.take(attempt('POST'))).toEqual(of(1))
  retries.failed(attempt('POST'), of(2))
  expect(retries.take(attempt('POST'))).toBeUndefined()
  expect(retries.take(attempt('GET'))).toBeUndefined()
})
