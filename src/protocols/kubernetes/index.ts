export { KubernetesError, type KubernetesErrorCode, kubernetesErrors } from './errors.ts'
export { createKubernetesPlane, type KubernetesPlaneOptions } from './plane/plane.ts'
