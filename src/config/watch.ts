import { type FSWatcher, realpathSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { LoadedConfig } from './config.ts'
import type { ConfigDifference } from './diff.ts'
import { ConfigError } from './errors.ts'
import { readChange } from './read-change.ts'

/** What a change of the file came to. A refused file changes nothing. */
export type ConfigChange =
  | { readonly ok: true; readonly loaded: LoadedConfig; readonly difference: ConfigDifference }
  | { readonly ok: false; readonly error: ConfigError }

export interface ConfigWatch {
  /**
   * Reads the file now, as for SIGHUP: a file that is broken still is reported again, and a digest that did not change is not taken again.
   * Calls back before it returns, if there is something to say.
   */
  reload(): void
}

export interface WatchOptions {
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What is in force; each change that was taken replaces it. */
  readonly current: LoadedConfig
  /** Called one at a time. What it throws is its own affair: it must not throw. */
  readonly onChange: (change: ConfigChange) => void
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** How long the folder must be quiet before the file is read; milliseconds, default 200. */
  readonly debounce?: number
  /** How often the file is read even where no event came; milliseconds, default 10,000. Network file systems send none. */
  readonly poll?: number
}

/**
 * Watches the folder rather than the file, because editors replace a file by renaming another over it, and Kubernetes by turning a
 * symbolic link (`..data`) to another folder. Where the file itself is a link, the folder it leads to is watched too.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { env, onChange, signal, debounce = 200, poll = 10_000 } = options
  const path = resolve(options.path)
  let current = options.current
  /** The problems last told of, so that the poll does not repeat them. */
  let told: string | undefined
  let quiet: NodeJS.Timeout | undefined
  const watchers = new Map<string, FSWatcher>()

  const read = (asked: boolean) => {
    if (signal.aborted) return
    follow()
    try {
      const change = readChange(path, env, current)
      told = undefined
      if (change === undefined) return
      current = change.loaded
      onChange({ ok: true, ...change })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      if (!asked && told === error.message) return
      told = error.message
      onChange({ ok: false, error })
    }
  }

  const soon = () => {
    clearTimeout(quiet)
    quiet = setTimeout(() => read(false), debounce).unref()
  }

  /** Watches the folders that lead to the file now. */
  const follow = () => {
    const folders = new Set([dirname(path)])
    try {
      folders.add(dirname(realpathSync(path)))
    } catch {
      // The file is away for a moment, between two renames; its folder tells when it is back.
    }
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue
      watcher.close()
      watchers.delete(folder)
    }
    for (const folder of folders) {
      if (watchers.has(folder)) continue
      try {
        const watcher = watch(folder, { persistent: false }, soon)
        // A folder that is removed, or a limit of the system: the poll goes on.
        watcher.on('error', () => {
          watcher.close()
          watchers.delete(folder)
        })
        watchers.set(folder, watcher)
      } catch {
        // As above.
      }
    }
  }

  const polling = setInterval(() => read(false), poll).unref()
  signal.addEventListener(
    'abort',
    () => {
      clearInterval(polling)
      clearTimeout(quiet)
      for (const watcher of watchers.values()) watcher.close()
      watchers.clear()
    },
    { once: true },
  )
  follow()
  return { reload: () => read(true) }
}
