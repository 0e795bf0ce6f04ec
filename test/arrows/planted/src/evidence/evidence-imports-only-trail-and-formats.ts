import type { Door } from '../runs/index.ts'

export type Planted = Door
