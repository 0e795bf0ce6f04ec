export { openMetrics } from './open-metrics.ts'
export { startTelling, type Telling } from './tell.ts'
