import { expect, it } from 'vitest'
import { Secret } from '../credentials/index.ts'
import type { Mask } from '../operations/index.ts'
import { readMaskKey } from './mask-key.ts'

const key = Buffer.from('0123456789abcdef0123456789abcdef')
const mask = (as: Mask['as']) => ({
  mask: { name: 'm', columns: ['a.b.c.d'], detect: [], patterns: [], as, unmaskedWrite: false, predicates: false },
})
const masking = { key: { from: 'secret', name: 'mask-key' } } as const
const read = (text: string, masks = [mask('redact'), mask('hash')], settings: Parameters<typeof readMaskKey>[0]['masking'] = masking) =>
  readMaskKey({ masks, masking: settings }, { secret: async () => ({ secret: new Secret(text), version: 1 }) })

it('is 32 bytes, however they are written', async () => {
  expect(await read(`${key.toString('hex')}\n`)).toEqual(key)
  expect(await read(key.toString('base64'))).toEqual(key)
  expect(await read(key.toString('base64url'))).toEqual(key)
})

it('is not read where no mask hashes', async () => {
  expect(await read('none', [mask('redact')])).toBeUndefined()
  expect(await read('none', [mask('hash')], {})).toBeUndefined()
})

it.each(['', 'password', key.toString('hex').slice(1), `${key.toString('base64')}x`])('is nothing else: %s', async (text) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'GS_GATEWAY_MASK_KEY' })
})
