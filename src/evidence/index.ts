export { Belonging, type BelongsTo } from './belonging.ts'
export { countRun, type RunCount } from './count-run.ts'
