import { expect, it } from 'vitest'
import { errorIn, firstColumn } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import * as build from '../wire/build.ts'

const room = relayRoom('CREATE TABLE notes (n int)')

it('undoes, with a Query that is refused, what waits for its Sync, as the server does with one that fails', async () => {
  room.gate.denies = /secret/
  const client = await room.client()
  client.send(build.parse('', 'INSERT INTO notes VALUES (1)'), build.bind('', ''), build.execute(''), build.flush())
  await client.untilType('C')
  client.send(build.query('SELECT secret'))
  expect(errorIn(await client.until()).get('C')).toBe('42501')
  client.send(build.query('SELECT count(*) FROM notes'))
  expect(firstColumn(await client.until())).toEqual(['0'])
})
