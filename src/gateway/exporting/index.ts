export { Exporting } from './exporting.ts'
export { exportFindings, exportOperator } from './operator.ts'
