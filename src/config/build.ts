import { resolve } from 'node:path'
import { DEFAULT_APPROVAL_SETTINGS } from '../approvals/settings.ts'
import { type BreakGlassSettings, LONGEST_MS } from '../breakglass/settings.ts'
import type { ChannelSettings } from '../channels/settings.ts'
import type { IssuerSettings } from '../identity/index.ts'
import { byKind } from '../operations/index.ts'
import type { Rule, RuleLimits } from '../policy/index.ts'
import type { BudgetSettings } from '../runs/budgets/settings.ts'
import { parseAddress } from './address.ts'
import { buildMasks } from './build-masks.ts'
import { buildResource } from './build-resources.ts'
import type { AnalyzerSettings, Config, GatewayTls, LimitSettings, ListenAddress, TrailSettings } from './config.ts'
import { milliseconds } from './duration.ts'
import { issuerSettings } from './issuer-settings.ts'
import { readJwks } from './jwks.ts'
import { money } from './money.ts'
import { connectorSettings, exportSettings, metricsSettings } from './outside.ts'
import { type JobIssuer, peopleSettings, provesJobs, roleSettings, signsInPeople } from './people-settings.ts'
import { present } from './present.ts'
import { buildRecording } from './recording-settings.ts'
import { reference } from './reference.ts'
import { readRetention } from './retention.ts'
import type { Document } from './schema/document.ts'
import { bytes } from './size.ts'

/**
 * Makes a document that passed the schema and the checks exact: defaults filled in, paths absolute, times in milliseconds.
 *
 * @param folder what relative paths start from: the configuration file's own folder
 */
export function buildConfig(document: Document, folder: string): Config {
  const { gateway } = document
  return {
    gateway: {
      origin: gateway.origin,
      instance: gateway.instance ?? 'main',
      data: resolve(folder, gateway.data),
      durability: 'disk',
      listen: {
        ...(gateway.listen.postgres !== undefined && { postgres: listenAddress(gateway.listen.postgres) }),
        ...(gateway.listen.https !== undefined && { https: listenAddress(gateway.listen.https) }),
        ...(gateway.listen.proxy !== undefined && { proxy: listenAddress(gateway.listen.proxy) }),
        token: listenAddress(gateway.listen.token),
        ...(gateway.listen.connectors !== undefined && { connectors: listenAddress(gateway.listen.connectors) }),
        ...(gateway.listen.metrics !== undefined && { metrics: listenAddress(gateway.listen.metrics) }),
        ...(gateway.listen.admin !== undefined && { admin: listenAddress(gateway.listen.admin) }),
      },
      ...(gateway.adminUrl !== undefined && { adminUrl: new URL(gateway.adminUrl).origin }),
      tls: gatewayTls(gateway.tls, folder),
      masterKey: reference(gateway.masterKey, folder),
      drain: milliseconds(gateway.drain ?? '30s'),
    },
    issuers: document.issuers.filter(provesJobs).map((issuer) => jobIssuer(issuer, folder)),
    people: document.issuers.filter(signsInPeople).map((issuer) => peopleSettings(issuer, folder)),
    roles: roleSettings(document.roles),
    resources: document.resources.map((resource) => buildResource(resource, folder)),
    rules: document.rules.map(buildRule),
    budgets: (document.budgets ?? []).map(budget),
    approvals: approvalSettings(document.approvals, folder),
    ...(document.breakGlass && { breakGlass: breakGlassSettings(document.breakGlass) }),
    limits: buildLimits(document.limits),
    masks: buildMasks(document),
    masking: {
      ...(document.masking?.key !== undefined && { key: reference(document.masking.key, folder) }),
      ...(document.masking?.analyzer && { analyzer: analyzerSettings(document.masking.analyzer) }),
    },
    recording: buildRecording(document.recording),
    trail: trailSettings(document.trail),
    connectors: (document.connectors ?? []).map(connectorSettings),
    metrics: metricsSettings(document.metrics, folder),
    exports: (document.exports ?? []).map((each) => exportSettings(each, folder)),
  }
}

function budget({ name, per, over, limit, warnAt }: NonNullable<Document['budgets']>[number]): BudgetSettings {
  return {
    name,
    per,
    ...(over !== undefined && { over: milliseconds(over) }),
    limit: present({
      ...limit,
      bytes: limit.bytes === undefined ? undefined : bytes(limit.bytes),
      money: limit.money === undefined ? undefined : money(limit.money).micros,
    }),
    ...(limit.money !== undefined && { currency: money(limit.money).currency }),
    ...(warnAt !== undefined && { warnAt }),
  }
}

function approvalSettings(
  { hold, unlinkedLauncher, channels }: NonNullable<Document['approvals']> = {},
  folder: string,
): Config['approvals'] {
  const defaults = DEFAULT_APPROVAL_SETTINGS
  const held = (duration: string | undefined) => (duration === undefined ? undefined : milliseconds(duration))
  return {
    hold: byKind((kind) => held(hold?.[kind]) ?? defaults.hold[kind]),
    unlinkedLauncher: unlinkedLauncher ?? defaults.unlinkedLauncher,
    channels: (channels ?? []).map((channel) => channelSettings(channel, folder)),
  }
}

type ChannelDocument = NonNullable<NonNullable<Document['approvals']>['channels']>[number]

function channelSettings({ webhook, slack }: ChannelDocument, folder: string): ChannelSettings {
  if (webhook) {
    const { url, secret, insecureLoopback = false } = webhook
    return { kind: 'webhook', url, secret: reference(secret, folder), insecureLoopback }
  }
  if (!slack) throw new TypeError('a channel that the schema let through')
  const { token, signingSecret, channel, users = {}, url = 'https://slack.com', insecureLoopback = false } = slack
  return {
    kind: 'slack',
    url: url.replace(/\/$/, ''),
    token: reference(token, folder),
    signingSecret: reference(signingSecret, folder),
    channel,
    users: Object.fromEntries(Object.entries(users).map(([user, person]) => [user, personOf(person)])),
    insecureLoopback,
  }
}

function personOf(text: string): { readonly issuer: string; readonly subject: string } {
  const slash = text.indexOf('/')
  return { issuer: text.slice(0, slash), subject: text.slice(slash + 1) }
}

function breakGlassSettings({ who, on, longest, confirm }: NonNullable<Document['breakGlass']>): BreakGlassSettings {
  return { who, on: present(on), longest: longest === undefined ? LONGEST_MS : milliseconds(longest), ...(confirm && { confirm }) }
}

function analyzerSettings({
  url,
  language,
  entities,
  score,
  deadline,
  whenSilent,
}: NonNullable<NonNullable<Document['masking']>['analyzer']>): AnalyzerSettings {
  return {
    ...{ url, language: language ?? 'en', entities: entities ?? ['PERSON', 'LOCATION'], threshold: score ?? 0.5 },
    ...{ deadline: milliseconds(deadline ?? '5s'), whenSilent: whenSilent ?? 'fail' },
  }
}

function trailSettings({ retain = {}, witnesses }: NonNullable<Document['trail']> = {}): TrailSettings {
  return {
    retain: {
      ...(retain.entries !== undefined && { entries: readRetention(retain.entries) }),
      ...(retain.payloads !== undefined && { payloads: readRetention(retain.payloads) }),
      ...(retain.recordings !== undefined && { recordings: readRetention(retain.recordings) }),
    },
    ...(witnesses && { witnesses }),
  }
}

function listenAddress(text: string): ListenAddress {
  const address = parseAddress(text)
  if (address === undefined) throw new TypeError('an address that the checks let through')
  return address
}

function gatewayTls(tls: Document['gateway']['tls'], folder: string): GatewayTls {
  const names = (tls.names ?? []).map((name) => name.toLowerCase())
  if (tls.certificate === undefined || tls.key === undefined) return { names }
  return { names, certificate: { chain: reference(tls.certificate, folder), key: reference(tls.key, folder) } }
}

function jobIssuer(issuer: JobIssuer, folder: string): IssuerSettings {
  const settings = issuerSettings(issuer)
  if (!issuer.jwks?.startsWith('file:')) return settings
  return { ...settings, keys: { from: 'inline', jwks: readJwks(resolve(folder, issuer.jwks.slice('file:'.length))) } }
}

export function buildLimits({ statementBytes, resultRows }: NonNullable<Document['limits']> = {}): LimitSettings {
  return present({ statementBytes: statementBytes === undefined ? undefined : bytes(statementBytes), resultRows })
}

export function buildRule({
  name,
  effect,
  who,
  on,
  when,
  limits,
  approvers,
  stream,
  say,
  until,
  ...rest
}: Document['rules'][number]): Rule {
  return {
    name,
    effect,
    ...(who && { who: present(who) }),
    ...(on && { on: present(on) }),
    do: rest.do,
    ...(when !== undefined && { when }),
    ...(limits && { limits: ruleLimits(limits) }),
    ...(approvers && { approvers: present(approvers) }),
    ...(rest.for !== undefined && { for: milliseconds(rest.for) }),
    ...(stream !== undefined && { stream }),
    ...(say !== undefined && { say }),
    ...(until !== undefined && { until: Date.parse(until) }),
  }
}

function ruleLimits({ rows, ...limits }: NonNullable<Document['rules'][number]['limits']>): RuleLimits {
  return present({
    rows,
    bytes: limits.bytes === undefined ? undefined : bytes(limits.bytes),
    statementBytes: limits.statementBytes === undefined ? undefined : bytes(limits.statementBytes),
    time: limits.time === undefined ? undefined : milliseconds(limits.time),
  })
}
