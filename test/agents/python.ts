import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { digest, gatescribeCache } from '../parts/kubernetes-binaries.ts'

export const EXAMPLES = join(import.meta.dirname, '../../examples')

export type Framework = 'autogen' | 'agent-framework' | 'ag2'

/** What a test says it needs where {@link frameworkPython} has nothing. */
export const FRAMEWORKS = 'agent frameworks of Python (test/agents/python/install.sh installs them)'

/** The Python that has a framework, where test/agents/python/install.sh has installed it; else undefined. */
export function frameworkPython(name: Framework): string | undefined {
  const sources = [join(EXAMPLES, name, 'requirements.txt'), join(import.meta.dirname, 'python', `${name}.txt`)]
  const environment = join(gatescribeCache(), 'agents', `${name}-${digest(sources)}`)
  return existsSync(join(environment, 'complete')) ? join(environment, 'bin/python') : undefined
}
