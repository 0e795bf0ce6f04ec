/** What this thread has had of a processor so far, ms: what else is at work on the machine does not count. For code that never waits. */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
