import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { testLog } from '../../test/parts/test-log.ts'
import { startTestWitness } from '../../test/parts/test-witness.ts'
import { cosignatureSigner, ed25519Signer, parseNote, parseVkey, signatureLine, signNote, verifiedBy } from '../tlog/index.ts'
import { seenCheckpoint, submitCheckpoint, type WitnessDoor } from './client.ts'
import { WitnessError } from './errors.ts'
import { witnessFetch, witnessUrl } from './witness-fetch.ts'

const log = testLog(60)
const split = log.fork(10)
const never = new AbortController().signal

const submit = (door: WitnessDoor, of: typeof log, size: number, lastKnown?: number) =>
  submitCheckpoint(door, of.checkpoint(size), (from) => of.consistency(from, size), {
    signal: never,
    ...(lastKnown !== undefined && { lastKnown }),
  })

/** A witness that says what it likes. */
async function liar(answer: RequestListener): Promise<WitnessDoor> {
  const server = createServer((request, response) => request.resume().on('end', () => answer(request, response)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fetch = witnessFetch()
  onTestFinished(async () => {
    await fetch.close()
    server.closeAllConnections()
    server.close()
  })
  const verifier = parseVkey(honest.vkey)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, verifier, fetch }
}
const honest = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 1), () => 1_800_000_000)

it('obtains a cosignature that verifies, wherever the witness is and whatever is believed of it', async () => {
  const { door } = await startTestWitness([log.vkey])
  for (const [size, lastKnown] of [
    [5, undefined],
    [20, 5],
    [30, undefined],
    [40, 12],
    [50, 3000],
    [50, 50],
    [50, undefined],
  ] as const) {
    const { line, time } = await submit(door, log, size, lastKnown)
    const note = parseNote(`${log.checkpoint(size)}${line}\n`)
    expect(verifiedBy(note, [door.verifier])).toEqual([door.verifier])
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(60)
  }
})

it('tells a log that it was rolled back, with the size that the witness has seen', async () => {
  const { door } = await startTestWitness([log.vkey])
  await submit(door, log, 50)
  await expect(submit(door, log, 49)).rejects.toMatchObject({ code: 'GS_WITNESS_AHEAD', size: 50 })
  await expect(submit(door, log, 49, 49)).rejects.toMatchObject({ code: 'GS_WITNESS_AHEAD', size: 50 })
})

it('tells a split view apart from everything else', async () => {
  const { door } = await startTestWitness([log.vkey])
  await submit(door, log, 30)
  await expect(submit(door, split, 30)).rejects.toMatchObject({ code: 'GS_WITNESS_INCONSISTENT' })
  await expect(submit(door, split, 40)).rejects.toMatchObject({ code: 'GS_WITNESS_INCONSISTENT' })
})

it('tells of a log and of a key that the witness does not know', async () => {
  const { door } = await startTestWitness([log.vkey])
  await expect(submit(door, testLog(5, 'log.example/other'), 5)).rejects.toMatchObject({ code: 'GS_WITNESS_UNKNOWN_LOG' })
  const renewed = testLog(5, log.origin, ed25519Signer(log.origin, Buffer.alloc(32, 9)))
  await expect(submit(door, renewed, 5)).rejects.toMatchObject({ code: 'GS_WITNESS_LOG_KEY' })
})

it('tells where nobody answers, it takes too long, or the witness cannot', async () => {
  const { door, close } = await startTestWitness([log.vkey])
  await close()
  await expect(submit(door, log, 5)).rejects.toMatchObject({ code: 'GS_WITNESS_UNREACHABLE' })
  const silent = await liar(() => undefined)
  const late = submitCheckpoint(silent, log.checkpoint(5), async () => [], { signal: AbortSignal.timeout(50) })
  await expect(late).rejects.toMatchObject({ code: 'GS_WITNESS_UNREACHABLE' })
  for (const status of [500, 503, 429]) {
    const busy = await liar((_, response) => response.writeHead(status).end())
    await expect(submit(busy, log, 5)).rejects.toMatchObject({ code: 'GS_WITNESS_UNREACHABLE' })
  }
})

it('asks once more after a 409, and not without end', async () => {
  let asked = 0
  const undecided = await liar((_, response) => response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${++asked}\n`))
  await expect(submit(undecided, log, 20)).rejects.toMatchObject({ code: 'GS_WITNESS_UNREACHABLE' })
  expect(asked).toBe(2)
})

const { text } = parseNote(log.checkpoint(5))
const mallory = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 2), () => 1_800_000_000)
const timeless = cosignatureSigner('witness.example/w1', Buffer.alloc(32, 1), () => 0)
const good = signatureLine(honest, text)

it.each([
  ['nothing', 200, ''],
  ['something else', 200, '<html></html>'],
  ['a cosignature by another key', 200, `${signatureLine(mallory, text)}\n`],
  ['a cosignature by another key under the id of the right one', 200, `${signatureLine({ ...mallory, id: honest.id }, text)}\n`],
  ['a false cosignature beside the right one', 200, `${good}\n${signatureLine({ ...mallory, id: honest.id }, text)}\n`],
  ['a cosignature of another checkpoint', 200, `${signatureLine(honest, parseNote(log.checkpoint(6)).text)}\n`],
  ['a cosignature without a time', 200, `${signatureLine(timeless, text)}\n`],
  ['a cosignature that was cut', 200, `${good.slice(0, -8)}\n`],
  ['a signature of the log', 200, `${signatureLine(log.signer, text)}\n`],
  ['a status of its own', 202, `${good}\n`],
  ['that the request is wrong', 400, 'no\n'],
  ['a conflict without a size', 409, 'a conflict\n'],
  ['a conflict with a size that is none', 409, '-1\n'],
  ['a conflict with a size that no number holds', 409, '9007199254740993\n'],
])('believes no witness that answers %s', async (_, status, body) => {
  const door = await liar((_request, response) => response.writeHead(status).end(body))
  await expect(submit(door, log, 5)).rejects.toMatchObject({ code: 'GS_WITNESS_ANSWER' })
})

it('ignores cosignatures by keys that it does not know beside the right one', async () => {
  const door = await liar((_, response) => response.end(`${signatureLine(mallory, text)}\n${good}\n`))
  expect(await submit(door, log, 5)).toEqual({ line: good, time: 1_800_000_000 })
})

it('reads no answer without end, and follows nobody elsewhere', async () => {
  const endless = await liar((_, response) => {
    const timer = setInterval(() => response.write('x'.repeat(16 << 10)), 1)
    response.on('close', () => clearInterval(timer))
  })
  await expect(submit(endless, log, 5)).rejects.toMatchObject({ code: 'GS_WITNESS_UNREACHABLE' })
  const elsewhere = await startTestWitness([log.vkey])
  const redirecting = await liar((_, response) => response.writeHead(307, { location: `${elsewhere.url}/add-checkpoint` }).end())
  await expect(submit(redirecting, log, 5)).rejects.toBeInstanceOf(WitnessError)
})

it('asks what a witness has seen, and believes it with the signatures of both', async () => {
  const { door } = await startTestWitness([log.vkey])
  const keys = [parseVkey(log.vkey)]
  expect(await seenCheckpoint(door, log.origin, keys, never)).toBeUndefined()
  await submit(door, log, 44)
  const seen = await seenCheckpoint(door, log.origin, keys, never)
  expect(seen?.checkpoint).toEqual({ origin: log.origin, size: 44, root: log.root(44) })
  expect(verifiedBy(parseNote(seen?.note as string), keys)).toHaveLength(1)

  const other = parseVkey(ed25519Signer(log.origin, Buffer.alloc(32, 9)).vkey)
  await expect(seenCheckpoint(door, log.origin, [other], never)).rejects.toMatchObject({ code: 'GS_WITNESS_ANSWER' })
  const impostor = { ...door, verifier: parseVkey(mallory.vkey) }
  await expect(seenCheckpoint(impostor, log.origin, keys, never)).rejects.toMatchObject({ code: 'GS_WITNESS_ANSWER' })
})

it.each([
  ['nothing', ''],
  ['only the log', log.checkpoint(5)],
  ['only the witness', signNote(text, [honest])],
  ['another log', signNote(text.replace('main', 'other'), [log.signer, honest])],
  ['what is no checkpoint', signNote('text\n', [log.signer, honest])],
])('believes no checkpoint with the signatures of %s', async (_, note) => {
  const door = await liar((_request, response) => response.end(note))
  await expect(seenCheckpoint(door, log.origin, [parseVkey(log.vkey)], never)).rejects.toMatchObject({ code: 'GS_WITNESS_ANSWER' })
})

it('takes https addresses, and http on loopback', () => {
  expect(witnessUrl('https://witness.example/w1/')).toBe('https://witness.example/w1')
  expect(witnessUrl('http://127.0.0.1:8446')).toBe('http://127.0.0.1:8446')
  for (const url of [
    '',
    'witness.example',
    'http://witness.example',
    'file:///x',
    'https://a@witness.example',
    'https://witness.example/?x',
    'https://witness.example/#x',
  ])
    expect(() => witnessUrl(url)).toThrow(WitnessError)
})
