import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parseVkey } from '../../src/tlog/index.ts'
import {
  checkpointFiles,
  createWitnessKey,
  type RunningWitness,
  serveWitness,
  Witness,
  type WitnessDoor,
  witnessFetch,
} from '../../src/witness/index.ts'

export interface TestWitness extends RunningWitness {
  readonly vkey: string
  readonly folder: string
  /** As a log asks it. */
  readonly door: WitnessDoor
}

/** A real witness on loopback, in a folder of its own; both go when the test ends. @param logs vkeys */
export async function startTestWitness(
  logs: readonly string[],
  {
    name = 'witness.example/w1',
    port = 0,
    tls,
    ca,
  }: { name?: string; port?: number; tls?: { cert: string; key: string }; ca?: string } = {},
): Promise<TestWitness> {
  const folder = mkdtempSync(join(tmpdir(), 'gatescribe-witness-'))
  const key = createWitnessKey(folder, name)
  const now = () => Date.now() / 1000
  const witness = new Witness({ key, logs: logs.map(parseVkey), store: checkpointFiles(folder), now })
  const running = await serveWitness(witness, { host: '127.0.0.1', port, ...(tls && { tls }) })
  const fetch = witnessFetch(ca)
  onTestFinished(async () => {
    await fetch.close()
    await running.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { ...running, vkey: key.vkey, folder, door: { url: running.url, verifier: parseVkey(key.vkey), fetch } }
}
