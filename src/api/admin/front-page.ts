import type { FailureLog, LocalApi } from '../local/local-api.ts'
import { html, sendPage } from './page.ts'
import { pageErrors } from './page-problem.ts'
import { mayDo } from './role-permissions.ts'

/** Where a sign-in leads that was for nothing in particular. */
export function frontPage(api: LocalApi, log: FailureLog): void {
  api.get('/', { config: { permission: 'signed-in', page: true }, errorHandler: pageErrors(log) }, async ({ authenticated }, reply) => {
    const { displayName, roles, person } = authenticated.session.person
    return sendPage(
      reply,
      'Signed in',
      html`<h1>Gatescribe</h1><p>Signed in as ${displayName} (${person.issuer}); roles: ${[...roles].join(', ')}.</p>
${mayDo(roles, 'approvals.read') ? html`<p><a href="/approvals">Requests for approval</a></p>` : html``}
<form method="post" action="/signout"><input type="hidden" name="csrf" value="${authenticated.csrf ?? ''}"><p><button>Sign out</button></p></form>`,
    )
  })
}
