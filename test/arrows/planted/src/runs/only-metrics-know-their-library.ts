import { Registry } from 'prom-client'

export const planted = Registry
