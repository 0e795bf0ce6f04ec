import { spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

/** What a port of a switch does not let through: a share of the packets in percent, or all there is. */
export type Loss = number | 'everything'

/** @returns what it printed. @throws with what it said, where it fails */
export function said(command: string, words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', ...(input !== undefined && { input }) })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

/** @returns how the namespaces of this process begin: by its pid, so that leftovers tell whose they were, and something random */
export function ownPrefix(random: string): string {
  return `gatescribe-${process.pid}-${random}-`
}

/** The rules of a switch. What is resolved at the link (ARP) is lost with everything alone, since it is repeated after whole seconds. */
export function lossRules(losses: ReadonlyMap<string, Loss>): string {
  const rules = [...losses].flatMap(([port, loss]) =>
    ['iifname', 'oifname'].map((side) =>
      loss === 'everything' ? `${side} "${port}" drop` : `${side} "${port}" ether type ip numgen random mod 100 < ${loss} drop`,
    ),
  )
  const chain = ['chain forward {', 'type filter hook forward priority 0', ...rules, '}']
  return ['table bridge loss', 'delete table bridge loss', 'table bridge loss {', ...chain, '}', ''].join('\n')
}

/** Ends every process in the namespaces that begin so, and removes them. */
export function removeNamespaces(prefix: string): void {
  for (const namespace of namespaces().filter((name) => name.startsWith(prefix))) {
    for (const pid of pidsIn(namespace)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It has just ended.
      }
    }
    said('ip', ['netns', 'del', namespace])
    rmSync(join('/etc/netns', namespace), { recursive: true, force: true })
  }
}

/** The names of all that there are. */
export function namespaces(): string[] {
  return said('ip', ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0]!)
    .filter((name) => name !== '')
}

function pidsIn(namespace: string): number[] {
  return said('ip', ['netns', 'pids', namespace])
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
}

const AT_THE_END = `
read -r word
[ "$word" = done ] && exit
for namespace in $(ip netns list | cut -d ' ' -f 1 | grep "^$1"); do
  for pid in $(ip netns pids "$namespace"); do kill -9 "$pid"; done
  ip netns del "$namespace"
  rm -rf "/etc/netns/$namespace"
done`

/** Removes them when this process ends, be it by a kill: a shell waits for the end of a pipe that only we hold. @returns forgets it */
export function removedAtTheEnd(prefix: string): () => void {
  const watch = spawn('/bin/sh', ['-c', AT_THE_END, 'sh', prefix], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  watch.stdin.on('error', () => undefined)
  watch.unref()
  ;(watch.stdin as { unref?: () => void }).unref?.()
  return () => void watch.stdin.end('done\n')
}
