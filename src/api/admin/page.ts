import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}
h2{font-size:1.15rem;margin:1.5rem 0 .5rem}
h3{font-size:1rem;margin:1rem 0 .25rem}
pre{border:1px solid;padding:.75rem}
.exact{white-space:pre-wrap;overflow-wrap:anywhere;direction:ltr;unicode-bidi:bidi-override}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.1rem 1.5rem;margin:.5rem 0}
dt{font-weight:600;grid-column:1}
dd{margin:0;grid-column:2}
button{font:inherit;padding:.4rem 1rem}
.mark{background:#b45309;color:#fff;font-size:.85em}
.warn{border-left:.3rem solid #b45309;padding-left:.75rem}`

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Markup that is ours; everything else is text. */
export interface Markup {
  readonly markup: string
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escapeText = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)

/** Markup with values in it: those that are no Markup are escaped, in text and in quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | number | Markup | readonly Markup[])[]): Markup {
  const shown = values.map((value) => {
    if (typeof value === 'string') return escapeText(value)
    if (typeof value === 'number') return String(value)
    return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
  })
  return { markup: parts.reduce((whole, part, at) => `${whole}${shown[at - 1] ?? ''}${part}`) }
}

/** A page without scripts: it works where they are off, and there are none that anybody could put there. */
export function sendPage(reply: FastifyReply, title: string, body: Markup, head: Markup = { markup: '' }): FastifyReply {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Gatescribe</title>${head}<style>${{ markup: STYLE }}</style></head>
<body>${body}</body></html>
`
  return (
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', POLICY)
      // Fetch standard, "append a request Origin header": a form of a page that tells nobody where it is says `Origin: null`, and we could not know it for ours.
      .header('referrer-policy', 'same-origin')
      .send(page.markup)
  )
}

/**
 * Sends the browser on by a page of its own: a redirect would be part of the request before, which a form may not make to another site, and with which a
 * browser does not send the session that it has just been given.
 */
export function sendOnwards(reply: FastifyReply, title: string, to: string): FastifyReply {
  const body = html`<h1>${title}</h1><p><a href="${to}">Continue</a></p>`
  return sendPage(reply, title, body, html`<meta http-equiv="refresh" content="0; url=${to}">`)
}
