export { type AmbientIdentity, type AmbientSurroundings, findAmbientIdentity } from './ambient-identity.ts'
export { LaunchError, launchErrors } from './errors.ts'
export { envFileLines, exportLines, type JobEnvironment, jobEnvironment, type Surface } from './job-environment.ts'
export { LEADS_ELSEWHERE, type PersonEnvironment, personEnvironment } from './person-environment.ts'
