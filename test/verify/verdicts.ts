import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verify } from '../../src/verify/main.ts'
import { parseCheckpoint, parsePolicy, type Trust, trustKeys } from '../../src/verify/policy.ts'
import type { NaiveKey } from './naive-keys.ts'

/** A folder for files to verify; removed at the end of the block. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatescribe-verify-'))
  #files = 0

  /** @returns the path of a new file */
  file(bytes: Uint8Array | string): string {
    const path = join(this.folder, String(this.#files++))
    writeFileSync(path, bytes)
    return path
  }

  /** @returns the path of a folder that does not exist yet */
  path(): string {
    return join(this.folder, String(this.#files++))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** What a verification says: the exit code, and one line per verdict. */
export interface Said {
  readonly exit: number
  /** The sentences of the verdicts that failed, by verdict. */
  readonly failed: Readonly<Record<string, string>>
  /** The first bad entry, by verdict. */
  readonly entries: Readonly<Record<string, number>>
  readonly passed: readonly string[]
  readonly skipped: readonly string[]
}

export interface Terms {
  readonly trust: Trust | NaiveKey
  /** The text of a checkpoint. */
  readonly kept?: string
  readonly entry?: Uint8Array
}

/** @throws Unusable where nothing can be said */
export function said(input: string, { trust, kept, entry }: Terms): Said {
  const report = verify(input, {
    trust: 'vkey' in trust ? trustKeys([trust.vkey]) : trust,
    kept: kept === undefined ? undefined : parseCheckpoint(Buffer.from(kept)),
    entry: entry && Buffer.from(entry),
  })
  const { exit, verdicts } = JSON.parse(report.print(true)) as {
    exit: number
    verdicts: { verdict: string; ok: boolean | null; says: string; entry?: number }[]
  }
  const bad = verdicts.filter(({ ok }) => ok === false)
  return {
    exit,
    failed: Object.fromEntries(bad.map(({ verdict, says }) => [verdict, says])),
    entries: Object.fromEntries(bad.flatMap(({ verdict, entry }) => (entry === undefined ? [] : [[verdict, entry]]))),
    passed: verdicts.filter(({ ok }) => ok).map(({ verdict }) => verdict),
    skipped: verdicts.filter(({ ok }) => ok === null).map(({ verdict }) => verdict),
  }
}

/** A policy of one log and witnesses W1, W2, …, with a rule behind them. */
export function policyOf(log: NaiveKey, witnesses: readonly NaiveKey[], ...rule: readonly string[]): Trust {
  const lines = [`log ${log.vkey}`, ...witnesses.map(({ vkey }, at) => `witness W${at + 1} ${vkey}`), ...rule]
  return parsePolicy(Buffer.from(lines.join('\n')))
}
