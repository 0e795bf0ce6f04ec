// Makes what the demo of deploy/compose.yaml needs, each file once and readable by its owner only: whoever reads one volume learns nothing of another.
import { createECDH, randomBytes, webcrypto } from 'node:crypto'
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PACKAGE = process.env.GATESCRIBE_PACKAGE ?? '/opt/gatescribe'
const VOLUMES = process.env.DEMO_VOLUMES ?? '/volumes'
/** The user of the image, and that of Debian's image of PostgreSQL. */
const [GATESCRIBE, POSTGRES] = [65532, 999]
const YEAR = 365 * 24 * 3_600_000

const require = createRequire(join(PACKAGE, 'package.json'))
require('reflect-metadata')
const x509 = await import(pathToFileURL(require.resolve('@peculiar/x509')).href)
x509.cryptoProvider.set(webcrypto)
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Folders that services write to belong to them. */
for (const [name, owner] of [
  ['gateway-data', GATESCRIBE],
  ['connector-data', GATESCRIBE],
  ['job-identity', GATESCRIBE],
  ['connector-identity', GATESCRIBE],
  ['orders-data', POSTGRES],
])
  chownSync(at(name), owner, owner)

const gateway = (file) => [at('gateway-secrets', file), GATESCRIBE]
const orders = (file) => [at('orders-secrets', file), POSTGRES]

if (!existsSync(at('public', 'complete'))) {
  keep(...gateway('master.key'), `${randomBytes(32).toString('base64')}\n`)
  keep(...orders('superuser'), password())
  const ofReader = password()
  keep(...gateway('orders-ro'), ofReader)
  keep(...orders('orders-ro'), ofReader)

  const ofGateway = await authority('CN=Quickstart: who the gateway is', ['gateway', 'localhost'])
  show('gateway-ca.pem', ofGateway.ca)
  keep(...gateway('tls.key'), ofGateway.key)
  keep(...gateway('tls.pem'), ofGateway.certificate)
  const ofOrders = await authority('CN=Quickstart: who orders.internal is', ['orders.internal'])
  show('orders-ca.pem', ofOrders.ca)
  keep(...orders('tls.key'), ofOrders.key)
  keep(...orders('tls.pem'), ofOrders.certificate)

  const signing = createECDH('prime256v1')
  const point = signing.generateKeys()
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256', kid: randomBytes(8).toString('hex') },
    ...{ x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') },
  }
  // A number may begin with zeros, which are not left out (RFC 7518 §6.2.2.1).
  const d = Buffer.concat([Buffer.alloc(32), signing.getPrivateKey()])
    .subarray(-32)
    .toString('base64url')
  keep(at('identity-key', 'key.json'), GATESCRIBE, JSON.stringify({ ...jwk, d }))
  show('jwks.json', JSON.stringify({ keys: [{ ...jwk, alg: 'ES256', use: 'sig' }] }))
  show('complete', 'All of it was made.\n')
}

function at(...parts) {
  return join(VOLUMES, ...parts)
}

function password() {
  return randomBytes(24).toString('base64url')
}

/** @param owner user and group that alone may read it, and go into its folder */
function keep(path, owner, text) {
  mkdirSync(join(path, '..'), { recursive: true })
  put(path, text, 0o400, owner)
  chmodSync(join(path, '..'), 0o700)
  chownSync(join(path, '..'), owner, owner)
}

/** What everybody may read: certificates, public keys. */
function show(name, text) {
  put(at('public', name), text, 0o444, 0)
  chmodSync(at('public'), 0o755)
}

/** Whole, or not at all: a setup that was interrupted is done again. */
function put(path, text, mode, owner) {
  writeFileSync(`${path}.part`, text, { mode })
  chownSync(`${path}.part`, owner, owner)
  renameSync(`${path}.part`, path)
}

/** A CA whose key nobody keeps, and the one certificate that it signed; PEM. */
async function authority(subject, names) {
  const caKeys = await webcrypto.subtle.generateKey(ES256, true, ['sign', 'verify'])
  const keys = await webcrypto.subtle.generateKey(ES256, true, ['sign', 'verify'])
  const lives = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 2 * YEAR), signingAlgorithm: ES256 }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...lives,
    name: subject,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    ...lives,
    subject: `CN=${names[0]}`,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replaceAll(/.{1,64}/g, '$&\n')}-----END PRIVATE KEY-----\n`
  return { ca: `${ca.toString('pem')}\n`, certificate: `${leaf.toString('pem')}\n`, key }
}
