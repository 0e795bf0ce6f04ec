export { type AccountFacts, type AccountPower, readAccount } from './account/read-account.ts'
export { KubernetesError, type KubernetesErrorCode, kubernetesErrors } from './errors.ts'
export { createKubernetesPlane, type KubernetesPlaneOptions } from './plane/plane.ts'
export { readKubernetesRequest } from './plane/rehearse.ts'
