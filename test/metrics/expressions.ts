import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const DEPLOY = join(import.meta.dirname, '../../deploy')
export const RULES_FILE = join(DEPLOY, 'prometheus/rules.yaml')
export const SCRAPE_FILE = join(DEPLOY, 'prometheus/scrape.yaml')
export const DASHBOARD_FILE = join(DEPLOY, 'grafana/gatescribe.json')

/** Something that Prometheus is asked. */
export interface Expression {
  /** The panel, or the alert. */
  readonly of: string
  readonly text: string
}

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export function alerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(RULES_FILE, 'utf8')) as { groups: { rules: Alert[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

export const alertExpressions = (): readonly Expression[] => alerts().map(({ alert, expr }) => ({ of: alert, text: expr }))

interface Panel {
  readonly title: string
  readonly type: string
  readonly targets?: readonly { readonly expr: string }[]
}

/** Every query of the dashboard with all instances and resources chosen, as Grafana would send it. @param text of the file */
export function dashboardExpressions(text = readFileSync(DASHBOARD_FILE, 'utf8')): readonly Expression[] {
  const { panels } = JSON.parse(text) as { panels: readonly Panel[] }
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, text: filledIn(expr) })))
}

const VARIABLES: Readonly<Record<string, string>> = { $instance: '.*', $resource: '.*', $__rate_interval: '30s' }

function filledIn(expression: string): string {
  return Object.entries(VARIABLES).reduce((text, [name, value]) => text.replaceAll(name, value), expression)
}

/** Names in an expression that are not those of any series. */
export function unknownNames({ text }: Expression, known: ReadonlySet<string>): readonly string[] {
  const names = text.replaceAll(/"[^"]*"/g, '""').match(/\b(?:gatescribe|nodejs|process)_[a-z0-9_]+/g) ?? []
  return names.filter((name) => !known.has(name))
}
