import { door } from '../runs/index.ts'

export const planted = door
