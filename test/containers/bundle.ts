import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Service } from './compose-file.ts'
import type { Image } from './images.ts'

export interface BundleOptions {
  readonly service: Service
  readonly image: Image
  /** The network namespace that it joins; a new one with nothing in it where there is none. */
  readonly namespace?: string
  /** What names lead to: becomes its /etc/hosts, in the place of the engine's name server. */
  readonly hosts: string
  /** Where volumes of this name are on this machine. */
  volume(name: string): string
  /** In the place of the command of the file. */
  readonly command?: readonly string[]
  /** All that it may ask the kernel for, by name; everything where it is left out. */
  readonly syscalls?: readonly string[]
}

/** What Docker leaves a container without `cap_drop`. */
const DEFAULT_CAPABILITIES =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'

/** Writes the bundle that an OCI runtime runs (OCI runtime specification 1.0, config.md) for a service of a compose file. */
export function writeBundle(folder: string, { service, image, namespace, hosts, volume, command, syscalls }: BundleOptions): void {
  mkdirSync(folder, { recursive: true })
  const hostsFile = join(folder, 'hosts')
  writeFileSync(hostsFile, hosts, { mode: 0o644 })
  const [uid = 0, gid = 0] = (service.user ?? image.config.User ?? '0:0').split(':').map(Number)
  const capabilities = [...(service.dropsAll ? [] : DEFAULT_CAPABILITIES.split(' ')), ...service.adds].map((name) => `CAP_${name}`)
  // An entry point of the file's own leaves nothing of the image's command.
  const args = [
    ...(service.entrypoint ?? image.config.Entrypoint ?? []),
    ...(command ?? service.command ?? (service.entrypoint ? [] : (image.config.Cmd ?? []))),
  ]
  const config = {
    ociVersion: '1.0.2',
    hostname: service.name,
    process: {
      terminal: false,
      user: { uid, gid },
      args,
      env: [
        ...(image.config.Env ?? []),
        `HOSTNAME=${service.name}`,
        ...Object.entries(service.environment).map(([name, value]) => `${name}=${value}`),
      ],
      cwd: image.config.WorkingDir || '/',
      capabilities: {
        bounding: capabilities,
        effective: uid === 0 ? capabilities : [],
        permitted: uid === 0 ? capabilities : [],
        inheritable: [],
        ambient: [],
      },
      noNewPrivileges: service.noNewPrivileges,
    },
    root: { path: image.root, readonly: service.readOnly },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=128m'] },
      { destination: '/etc/hosts', type: 'bind', source: hostsFile, options: ['bind', 'ro'] },
      ...service.mounts.map((each) => ({
        ...{ destination: each.target, type: 'bind', source: each.isVolume ? volume(each.source) : each.source },
        options: ['rbind', each.readOnly ? 'ro' : 'rw'],
      })),
      ...service.tmpfs.map((text) => {
        const [destination, options = 'mode=1777'] = text.split(':')
        return { destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'noexec', ...options.split(',')] }
      }),
    ],
    linux: {
      namespaces: [
        ...[{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }],
        { type: 'network', ...(namespace && { path: `/run/netns/${namespace}` }) },
      ],
      ...(syscalls && { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: syscalls, action: 'SCMP_ACT_ALLOW' }] } }),
      resources: { pids: { limit: service.pids } },
      maskedPaths: [
        '/proc/acpi',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/timer_list',
        '/proc/sched_debug',
        '/proc/scsi',
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
}
