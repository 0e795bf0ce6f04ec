import type { FindingAnswer } from '../api/local/index.ts'
import { ConfigError, loadConfig } from '../config/index.ts'
import { examineMachine } from '../doctor/index.ts'
import { CodedError } from '../operations/index.ts'
import { configPath, type Whereabouts } from './reach.ts'
import { openedGateway } from './reach-or-open.ts'
import type { Surroundings } from './surroundings.ts'

/** Everything that `doctor` looks at: the files from here, the rest by the gateway, running or opened for this. */
export async function* examineHere(where: Whereabouts, surroundings: Surroundings): AsyncIterable<FindingAnswer> {
  const path = configPath(where, surroundings)
  try {
    const { config, warnings } = loadConfig(path, surroundings.env)
    yield { subject: 'configuration', level: 'ok', found: `${path} is good.` }
    for (const { line, path: field, message, next } of warnings) {
      yield { subject: 'configuration', level: 'warn', found: `Line ${line}, ${field}: ${message}`, next }
    }
    yield* examineMachine(config, path, surroundings.signal)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const { line, path: field, message, next } of error.problems) {
      yield { subject: 'configuration', level: 'fail', found: `Line ${line}, ${field}: ${message}`, next }
    }
    return
  }
  try {
    await using gateway = await openedGateway(where, surroundings)
    yield {
      subject: 'gateway',
      level: 'ok',
      found: gateway.running ? 'It runs.' : 'It does not run; its data folder was opened for these checks.',
    }
    yield* gateway.client.doctor(surroundings.signal)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    yield { subject: 'gateway', level: 'fail', found: `${error.code}: ${error.message}`, next: error.next }
  }
}
