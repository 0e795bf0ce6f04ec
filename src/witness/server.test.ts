import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { testLog } from '../../test/parts/test-log.ts'
import { startTestWitness } from '../../test/parts/test-witness.ts'
import { parseNote, parseVkey, verifiedBy } from '../tlog/index.ts'
import { formatAddCheckpoint, MAX_REQUEST_BYTES } from './add-checkpoint-request.ts'
import { originHash } from './checkpoint-files.ts'
import { serveWitness } from './server.ts'
import type { Witness } from './witness.ts'

const log = testLog(50)
const split = log.fork(10)

const body = async (of: typeof log, old: number, size: number) =>
  formatAddCheckpoint({ old, proof: await of.consistency(old, size), note: of.checkpoint(size) })
const post = (url: string, text: string) => fetch(`${url}/add-checkpoint`, { method: 'POST', body: text })

it('answers add-checkpoint with statuses and types as c2sp.org/tlog-witness has them', async () => {
  const { url, vkey } = await startTestWitness([log.vkey])
  const cosigned = await post(url, await body(log, 0, 20))
  expect(cosigned.status).toBe(200)
  const note = parseNote(`${log.checkpoint(20)}${await cosigned.text()}`)
  expect(verifiedBy(note, [parseVkey(vkey), parseVkey(log.vkey)])).toHaveLength(2)

  const conflict = await post(url, await body(log, 10, 30))
  expect([conflict.status, conflict.headers.get('content-type'), await conflict.text()]).toEqual([409, 'text/x.tlog.size', '20\n'])
  expect((await post(url, await body(split, 20, 20))).status).toBe(422)
  expect((await post(url, await body(testLog(5, 'log.example/other'), 0, 5))).status).toBe(404)
  expect((await post(url, (await body(log, 20, 30)).replace(/— .*\n/, '— nobody bm9ib2R5\n'))).status).toBe(403)
  expect((await post(url, 'old')).status).toBe(400)
})

it('gives out the newest cosigned checkpoint under the hash of its origin', async () => {
  const { url, vkey } = await startTestWitness([log.vkey])
  const path = `${url}/${originHash(log.origin)}/checkpoint`
  expect((await fetch(path)).status).toBe(404)
  await post(url, await body(log, 0, 20))
  const answer = await fetch(path)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(verifiedBy(parseNote(await answer.text()), [parseVkey(vkey), parseVkey(log.vkey)])).toHaveLength(2)
  for (const other of [path.toUpperCase().replace('HTTP', 'http'), `${path}/`, `${url}/checkpoint`, `${url}/`, `${url}/../x`])
    expect((await fetch(other)).status).toBe(404)
})

it('answers other methods with 405 and the one that is right', async () => {
  const { url } = await startTestWitness([log.vkey])
  const get = await fetch(`${url}/add-checkpoint`)
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  const put = await fetch(`${url}/${originHash(log.origin)}/checkpoint`, { method: 'PUT' })
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET'])
})

it('refuses a body that is too large, said to be or sent in pieces without an end', async () => {
  const { url } = await startTestWitness([log.vkey])
  expect((await post(url, 'x'.repeat(MAX_REQUEST_BYTES + 1))).status).toBe(413)

  const endless = request(`${url}/add-checkpoint`, { method: 'POST' })
  const answered = once(endless, 'response')
  const sending = setInterval(() => endless.write(Buffer.alloc(16 << 10, 'x')), 1)
  endless.on('error', () => clearInterval(sending))
  const [response] = await answered
  clearInterval(sending)
  expect(response.statusCode).toBe(413)
  endless.destroy()
  expect((await post(url, await body(log, 0, 20))).status).toBe(200)
})

it('is not bothered by a client that goes away in the middle', async () => {
  const { url } = await startTestWitness([log.vkey])
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nold 0')
  socket.destroy()
  expect((await post(url, await body(log, 0, 20))).status).toBe(200)
})

it('hangs up on a request that does not come to its end', async () => {
  const { url } = await startTestWitness([log.vkey])
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('POST /add-checkpoint HTTP/1.1\r\nhost: x\r\n')
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk) => (answer += chunk))
  await once(socket, 'close')
  expect(answer).toContain('408')
}, 20_000)

it('cosigns one of two stories that are told at the same moment, and the other one never', async () => {
  for (let round = 0; round < 10; round++) {
    const { url } = await startTestWitness([log.vkey])
    const tellers = [log, split].flatMap((of) => [30, 40, 50].map((size) => ({ of, size })))
    await post(url, await body(log, 0, 10))
    const answers = await Promise.all(
      tellers.map(async ({ of, size }) => ({ of, status: (await post(url, await body(of, 10, size))).status })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const told = answers.find(({ status }) => status === 200)?.of
    for (const { of, size } of tellers) {
      const seen = Number(await (await post(url, await body(of, 10, size))).text())
      const again = seen <= size ? (await post(url, await body(of, seen, size))).status : 409
      if (of !== told) expect([409, 422]).toContain(again)
    }
  }
})

it('speaks TLS where it has a certificate', async () => {
  const { ca, server } = await issueTestCertificates()
  const { door } = await startTestWitness([log.vkey], { tls: { cert: server.certificate, key: server.key }, ca })
  expect(door.url).toMatch(/^https:/)
  const { status } = await door.fetch(`${door.url}/add-checkpoint`, {
    method: 'POST',
    body: await body(log, 0, 5),
    signal: AbortSignal.timeout(5000),
  })
  expect(status).toBe(200)
})

it('says where it cannot listen, and that a certificate is none', async () => {
  const { url } = await startTestWitness([log.vkey])
  const witness = {} as Witness
  const listen = { host: '127.0.0.1', port: Number(new URL(url).port) }
  await expect(serveWitness(witness, listen)).rejects.toMatchObject({ code: 'GS_WITNESS_LISTEN' })
  const tls = { cert: 'no', key: 'no' }
  await expect(serveWitness(witness, { host: '127.0.0.1', port: 0, tls })).rejects.toMatchObject({ code: 'GS_WITNESS_LISTEN' })
})

it('answers 503 without a reason where it cannot work, and tells its operator why', async () => {
  const failures: unknown[] = []
  const broken = {
    addCheckpoint() {
      throw new Error('the disk is gone')
    },
  } as unknown as Witness
  const running = await serveWitness(broken, { host: '127.0.0.1', port: 0, onFailure: (error) => failures.push(error) })
  const answer = await post(running.url, 'x')
  expect([answer.status, await answer.text()]).toEqual([503, 'The witness cannot work now.\n'])
  expect(failures).toHaveLength(1)
  await running.close()
})
