export const door = 'protocols/mysql'
export type Door = typeof door
