import type { WrittenRule } from '../../parts/gateway-config.ts'
import { ALLOW_ALL } from '../../parts/gateway-config.ts'

/** What may not be written: no row of these may be other than it was, none may come or go, and they stay where they are. */
export const KEPT = ['shop.orders', 'shop.vault_one'] as const

/**
 * What is forbidden: to delete from, or otherwise write, shop.orders and one partition of another table; and to read shop.secrets.
 * Everything else is allowed, definitions and settings included.
 */
export const RULES: readonly WrittenRule[] = [
  ALLOW_ALL,
  {
    name: 'orders-stay',
    effect: 'deny',
    do: ['postgres.*'],
    when: `sql.writes.exists(t, ${KEPT.map((name) => `t == "${name}"`).join(' || ')})`,
    say: 'Leave the orders alone.',
  },
  {
    name: 'secrets-stay',
    effect: 'deny',
    do: ['postgres.*'],
    when: 'sql.reads.exists(t, t == "shop.secrets")',
    say: 'Leave the secrets alone.',
  },
]
