import { describe, expect, it } from 'vitest'
import { tlsServerEndPoint } from './channel-binding.ts'

// Self-signed by `openssl req -x509 -newkey …`; the digests by `openssl dgst` over the DER.
const certificates: readonly (readonly [signature: string, certificate: string, digest: string | undefined])[] = [
  [
    'ECDSA with SHA-384',
    'MIIBcDCCARWgAwIBAgIULwaleMCl4lxf4ReQg41ZK3JFmH8wCgYIKoZIzj0EAwMwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjMyMTU0MzBaGA8yMTI2MTAzMDIxNTQzMFowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDaaGINE3sG26MUQf+ube6GeTo2IGRGE2+RC5H1pu8C41z74GHXobN6WOI7NvOoULBNtcN+ihWdM/NgGbVx893WjUzBRMB0GA1UdDgQWBBQ4h3d3npX3/qs37hbuOQc/umJ50zAfBgNVHSMEGDAWgBQ4h3d3npX3/qs37hbuOQc/umJ50zAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMDA0kAMEYCIQDKomq4j9iRrw6DVSsI7ouR+xKaFyZH6IKWjfRVGBgBpQIhAIr7paQhRNBBkyKYS6p1OwVza4zjYwpW1W3QRg1rrdvx',
    '4a02bfbce0222050738697c901b6ce5fb984121575e2b0e0231a961cc643ef96daa7dfac7767bb51b66b693ef622c624',
  ],
  [
    'Ed25519, which names no digest',
    'MIIBLjCB4aADAgECAhRPPPEbeGFHhHPLfG0klEE/k/hVtzAFBgMrZXAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjMyMTU0MzBaGA8yMTI2MTAzMDIxNTQzMFowDDEKMAgGA1UEAwwBdDAqMAUGAytlcAMhABbDq0BMdl2cibpY3wWr8aJEBXNEVZ1z5Nv8jTD7MalPo1MwUTAdBgNVHQ4EFgQUj+bfJGYH4+++FKcI5lVoAhgWvK0wHwYDVR0jBBgwFoAUj+bfJGYH4+++FKcI5lVoAhgWvK0wDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQCuCc2i2t5qsb78tES/RnDnc0GSE0/5ux9ddmCZ9SgQ1tUIMhuzyygJkYb4IVMGoeOc7E+cV2mrqTaRvTue4ZsF',
    undefined,
  ],
  [
    'RSA with SHA-1: SHA-256 instead',
    'MIIB9jCCAV+gAwIBAgIUbU2NrWj85VDb+ZU/4L5Iscc3czcwDQYJKoZIhvcNAQEFBQAwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjMyMTU0MzBaGA8yMTI2MTAzMDIxNTQzMFowDDEKMAgGA1UEAwwBdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEArtqFsSLii3fALP4vO61Emh967qb+/K8U/qdGlBHIclePtiZeB2KHuo0A5Y++04mvUanxg82Lxl0eH5p+bqdpBhFH/Yoa+OUrvP1Zd3la9PgdNi5BmZJ5Lpl3HDQbSR2yimBppRwTp0aBIIHDZHu2tFMnEDofHLmTh945nQuV2EsCAwEAAaNTMFEwHQYDVR0OBBYEFFYjU7K1M0yak97OuA46d+6Vj57OMB8GA1UdIwQYMBaAFFYjU7K1M0yak97OuA46d+6Vj57OMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEFBQADgYEAjcaN/BoII9dL8DiXs5fMH7q1JJDGtcQCm3bRUyLBWQoaubDI8sgo8xrYhLaBlHj+RydjqJjE5Pvzh9H2t6ZUU3bXy0zT2eqPGHYkPrHbY8CObY6jV5dPc0Ep5tvggT6HyWbf9ixT7hVosj4OLUI6EcgpBI2pfI3clq1bRPXuWOw=',
    '3a55c931dfd714b544fe9802adbfdaa5d9ab87b5b87e09adc8129cc07fa6c6f0',
  ],
  [
    'RSASSA-PSS with SHA-512',
    'MIICljCCAcagAwIBAgIUEwfAp91fZIXpy6zXbxmIfIn9DDwwPAYJKoZIhvcNAQEKMC+gDzANBglghkgBZQMEAgMFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgMFADAMMQowCAYDVQQDDAF0MCAXDTI2MTEyMzIxNTQzMFoYDzIxMjYxMDMwMjE1NDMwWjAMMQowCAYDVQQDDAF0MIHXMDwGCSqGSIb3DQEBCjAvoA8wDQYJYIZIAWUDBAIDBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAIDBQADgZYAMIGSAoGKCrf70kzt1q6SxGAhIykRWYaeSyHCO7z0GTgHf17ucux1Eeii68rxUZ6NiqI+COgKBnchmGRS8Cuyt7QCM1QaI6/nlEow3/H+hLssYHYLFbLu1Iu05tBGJyJZUzYMTagGMeYKY3QQXYPblxCZhUnaaJXav8eXb0OZ3q2T1fDOwr6o8UfkPtLIJ5WjAgMBAAGjUzBRMB0GA1UdDgQWBBSWD7XTEBevkBVxXbKYFXq3zdgK6DAfBgNVHSMEGDAWgBSWD7XTEBevkBVxXbKYFXq3zdgK6DAPBgNVHRMBAf8EBTADAQH/MDwGCSqGSIb3DQEBCjAvoA8wDQYJYIZIAWUDBAIDBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAIDBQADgYsACL5sgeyr6LsmxOy2mr0ZnXp0rl97X5fOIOuxDnsS+jT3Bc/Y5JL0kf1IIj7Scx968e44RVr9QE+ifKN6+nNkC3lH6WXo4ZVq+iZ0qSPXqJdfJKSYs238fOiMuB66nrX1E16p7AaZC4criWSCStvUCBeZLZTQIkVPkzuDOerC9fnWI9f5qfhGWnJA',
    '565f62900ab9c7ce9fe856dbf186094ae9b7b679793d5d34fd8d0f14d2bc5c14b42bb00fbe57acb19537f986e3286a251c7bbf8f604b26ab563212fd69de25aa',
  ],
]

describe('tls-server-end-point', () => {
  it.each(certificates)('of a certificate signed by %s', (_, certificate, digest) => {
    expect(tlsServerEndPoint(Buffer.from(certificate, 'base64'))?.toString('hex')).toBe(digest)
  })

  it('is undefined for a certificate that is cut, at every byte', () => {
    const whole = Buffer.from(certificates[0]![1], 'base64')
    for (let length = 0; length < whole.length; length++) expect(tlsServerEndPoint(whole.subarray(0, length))).toBeUndefined()
  })
})
