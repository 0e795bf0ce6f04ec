// Uses an API server as programs in JavaScript do, and prints what it saw, the same each time: objects, a watch, a patch, logs, exec with its exit code, a
// port-forward.
import { connect, createServer } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  VersionApi,
  Watch,
} from '@kubernetes/client-node'

const [namespace, pod, port] = process.argv.slice(2)
const config = new KubeConfig()
config.loadFromDefault()
const core = config.makeApiClient(CoreV1Api)
console.log((await config.makeApiClient(VersionApi).getCode()).gitVersion)

const { metadata } = await core.listNamespacedConfigMap({ namespace })
const body = { metadata: { name: 'made' }, data: { a: '1' } }
await core.createNamespacedConfigMap({ namespace, body })
await core.patchNamespacedConfigMap(
  { namespace, name: 'made', body: { data: { b: '2' } } },
  setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
)
console.log((await core.readNamespacedConfigMap({ namespace, name: 'made' })).data)
await core.deleteNamespacedConfigMap({ namespace, name: 'made' })
await core.readNamespacedConfigMap({ namespace, name: 'made' }).catch((error) => console.log(error.code, JSON.parse(error.body).reason))
await new Promise((resolve, reject) => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const seen = (type, object) => {
    console.log(type, object.metadata.name)
    if (type === 'DELETED') watching.then((controller) => controller.abort())
  }
  const watching = new Watch(config).watch(path, { resourceVersion: metadata.resourceVersion }, seen, (error) =>
    error && error.name !== 'AbortError' ? reject(error) : resolve(),
  )
  watching.catch(reject)
})
console.log((await config.makeApiClient(AppsV1Api).listNamespacedDeployment({ namespace })).items.length)

const heard = () => {
  const pieces = []
  const stream = new Writable({
    write(piece, _, done) {
      pieces.push(piece)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(pieces).toString() }
}
const logged = new PassThrough()
const lines = logged.toArray()
await new Log(config).log(namespace, pod, 'main', logged, { tailLines: 2 })
console.log(Buffer.concat(await lines).toString())

const [out, err] = [heard(), heard()]
const status = await new Promise((resolve, reject) => {
  const words = ['sh', '-c', 'read line; echo got $line; echo failing >&2; exit 6']
  new Exec(config).exec(namespace, pod, 'main', words, out.stream, err.stream, Readable.from(['a line\n']), false, resolve).catch(reject)
})
console.log(out.text(), err.text(), status.reason, status.details.causes[0].message)

const forward = new PortForward(config)
const server = createServer((socket) => forward.portForward(namespace, pod, [Number(port)], socket, null, socket))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const socket = connect(server.address().port, '127.0.0.1')
socket.write('GET / HTTP/1.0\r\n\r\n')
for await (const piece of socket) {
  console.log(piece.toString().split('\r\n').pop())
  break
}
process.exit(0)
