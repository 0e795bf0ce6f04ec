import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

/**
 * Ends a server and removes its folder when this process ends, however it ends: by itself (an `exit` handler) or by
 * a crash or kill -9 (a shell waits for the end of a pipe that only we hold open, where there is a shell).
 *
 * @returns forgets both again, once the server has been stopped in order
 */
export function boundToThisProcess(child: ChildProcess, folder: string): () => void {
  const atExit = () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', atExit)
  const watch =
    process.platform === 'win32'
      ? undefined
      : spawn(
          '/bin/sh',
          ['-c', 'read -r word; [ "$word" = done ] || { kill -9 "$1"; sleep 0.1; rm -rf "$2"; }', 'sh', String(child.pid), folder],
          {
            stdio: ['pipe', 'ignore', 'ignore'],
            detached: true, // Ctrl-C ends our process group, not the one who cleans up after it.
          },
        )
  watch?.stdin?.on('error', () => undefined)
  watch?.unref()
  ;(watch?.stdin as { unref?: () => void } | null)?.unref?.()
  return () => {
    process.off('exit', atExit)
    watch?.stdin?.end('done\n')
  }
}
