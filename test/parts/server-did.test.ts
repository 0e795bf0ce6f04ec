import { expect, it } from 'vitest'
import { missingFrom, type Seen } from './server-did.ts'

const read: Seen = { names: ['shop.orders'], modes: ['AccessShareLock'], written: false }
const written: Seen = { names: ['shop.items'], modes: ['RowExclusiveLock'], written: true }

it('finds what was read or written and is not said', () => {
  expect(missingFrom({ reads: ['shop.orders'], writes: ['shop.items'] }, [read, written], false)).toBeUndefined()
  expect(missingFrom({ reads: [], writes: ['shop.items'] }, [read, written], false)?.unread).toEqual(['shop.orders (AccessShareLock)'])
  // It was read, at least; that it was written is missing.
  const unsaid = missingFrom({ reads: ['shop.orders', 'shop.items'], writes: [] }, [read, written], false)
  expect(unsaid).toEqual({ unread: [], unwritten: ['shop.items (RowExclusiveLock)'] })
})

it('takes a list that is absent for unknown', () => {
  expect(missingFrom({ writes: [] }, [read], false)).toBeUndefined()
  expect(missingFrom({ writes: [] }, [written], false)?.unwritten).toHaveLength(1)
  expect(missingFrom({}, [read, written], false)).toBeUndefined()
})

it('knows a relation by any of its names, and the lock of a foreign key from one of the statement', () => {
  const key: Seen = { names: ['shop.customers', 'shop.clients'], modes: ['RowShareLock'], written: false }
  expect(missingFrom({ reads: [], writes: [] }, [key], false)).toBeUndefined()
  expect(missingFrom({ reads: [], writes: [] }, [key], true)?.unread).toHaveLength(1)
  expect(missingFrom({ reads: ['shop.clients'], writes: [] }, [key], true)).toBeUndefined()
})
