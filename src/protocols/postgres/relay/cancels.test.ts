import { expect, it } from 'vitest'
import { CancelRegistry } from './cancels.ts'

it('reaches the one session that holds the pair, also where two targets use the same process id', () => {
  const registry = new CancelRegistry()
  const reached: string[] = []
  const forget = registry.register(7, Uint8Array.of(1, 2, 3, 4), () => reached.push('a'))
  registry.register(7, Uint8Array.of(5, 6, 7, 8), () => reached.push('b'))
  registry.cancel(7, Uint8Array.of(5, 6, 7, 8))
  registry.cancel(7, Uint8Array.of(5, 6, 7, 9))
  registry.cancel(7, Uint8Array.of(5, 6, 7))
  registry.cancel(8, Uint8Array.of(5, 6, 7, 8))
  expect(reached).toEqual(['b'])
  forget()
  registry.cancel(7, Uint8Array.of(1, 2, 3, 4))
  expect(reached).toEqual(['b'])
})
