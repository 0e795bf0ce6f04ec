import { isIPv6 } from 'node:net'
import { IdentityError } from './errors.ts'

export interface ThrottleLimits {
  /** Attempts at once. */
  readonly burst: number
  /** Attempts that grow back per second. */
  readonly perSecond: number
  /** Keys remembered at most; the longest unused is forgotten. Default 10,000. */
  readonly keys?: number
}

interface Bucket {
  tokens: number
  at: number
}

/** A token bucket per key, in bounded memory. */
export class Throttle {
  readonly #limits: Required<ThrottleLimits>
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  /** @param now milliseconds since the epoch; for tests */
  constructor(limits: ThrottleLimits, now: () => number = Date.now) {
    this.#limits = { keys: 10_000, ...limits }
    this.#now = now
  }

  /** Refuses where the bucket is empty, and takes nothing. @throws IdentityError GS_IDENTITY_THROTTLED with `retryAfter` */
  check(key: string): void {
    const { tokens } = this.#bucket(key)
    if (tokens < 1) throw new IdentityError('GS_IDENTITY_THROTTLED', { retryAfter: Math.ceil((1 - tokens) / this.#limits.perSecond) })
  }

  /** One attempt. @throws IdentityError GS_IDENTITY_THROTTLED with `retryAfter` */
  take(key: string): void {
    this.check(key)
    this.charge(key)
  }

  /** One failed attempt, counted after the fact. */
  charge(key: string): void {
    const bucket = this.#bucket(key)
    bucket.tokens = Math.max(0, bucket.tokens - 1)
  }

  /** The attempt turned out well: it does not count. */
  giveBack(key: string): void {
    const bucket = this.#bucket(key)
    bucket.tokens = Math.min(this.#limits.burst, bucket.tokens + 1)
  }

  #bucket(key: string): Bucket {
    const now = this.#now()
    const known = this.#buckets.get(key)
    // Insertion order is order of use: the first one is the longest unused.
    if (known) this.#buckets.delete(key)
    else if (this.#buckets.size >= this.#limits.keys) this.#buckets.delete(this.#buckets.keys().next().value!)
    const bucket = known ?? { tokens: this.#limits.burst, at: now }
    bucket.tokens = Math.min(this.#limits.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * this.#limits.perSecond)
    bucket.at = now
    this.#buckets.set(key, bucket)
    return bucket
  }
}

/** What a plane's log-in asks before it spends work on a client, and tells after it was turned away. */
export interface LoginThrottle {
  /** The refusal to speak, or undefined where the client may try. @param address peer address, with or without port */
  check(address: string): IdentityError | undefined
  failed(address: string): void
}

/** Log-ins cost nothing while they succeed; failures per address drain the bucket. */
export function loginThrottle(limits: ThrottleLimits = { burst: 20, perSecond: 0.5 }, now?: () => number): LoginThrottle {
  const throttle = new Throttle(limits, now)
  return {
    check(address) {
      try {
        throttle.check(addressKey(address))
        return undefined
      } catch (error) {
        if (error instanceof IdentityError) return error
        throw error
      }
    },
    failed: (address) => throttle.charge(addressKey(address)),
  }
}

/** Who an address belongs to: an IPv4 address, or the /64 that one IPv6 host can choose from freely. */
export function addressKey(address: string): string {
  const host =
    /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? (/^[^:]+:\d+$/.test(address) ? address.slice(0, address.lastIndexOf(':')) : address)
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return isIPv6(plain) ? `${networkOf(plain)}::/64` : plain
}

function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ? tail.split(':') : [])]
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
