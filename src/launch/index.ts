export { type AmbientIdentity, type AmbientSurroundings, findAmbientIdentity } from './ambient-identity.ts'
export { LaunchError, launchErrors } from './errors.ts'
