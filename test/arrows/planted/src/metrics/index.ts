export const door = 'metrics'
