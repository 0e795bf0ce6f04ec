import { door } from '../metrics/index.ts'

export const planted = door
