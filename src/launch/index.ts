export type { Choice } from './chosen-resource.ts'
export { LaunchError, launchErrors } from './errors.ts'
export {
  type AmbientIdentity,
  type AmbientSurroundings,
  findAmbientIdentity,
  IDENTITY_SOURCES,
  type IdentitySource,
} from './identity/ambient-identity.ts'
export { envFileLines, exportLines, type JobEnvironment, jobEnvironment, type Surface, unsetLines } from './job-environment.ts'
export type { Beat } from './keep-run.ts'
export { type ExecPlugin, execCredential, type KubeconfigParts, kubeconfig } from './kubeconfig.ts'
export { type LaunchedJob, type LaunchedRun, type LaunchParts, launchJob } from './launch-job.ts'
export type { Removal } from './passed-environment.ts'
export { LEADS_ELSEWHERE, type PersonEnvironment, personEnvironment } from './person-environment.ts'
export type { PlaneAnswers } from './plane-answers.ts'
export { type PreparationParts, type PreparedJob, prepareJob } from './prepare-job.ts'
export {
  type ReceiptStanding,
  type ResourceNumbers,
  type RunSummary,
  summaryJson,
  summaryLines,
  summaryMarkdown,
  troubleLines,
} from './summary.ts'
