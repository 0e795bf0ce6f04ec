/** What a browser does at the admin door, without one: keeps cookies, follows pages that send it on, fills in forms. */
export interface Browser {
  readonly cookies: ReadonlyMap<string, string>
  get(path: string): Promise<Page>
  /** As a form of the page that was looked at last would: with its origin, if that page lets it, and the fields given. */
  submit(path: string, fields: Readonly<Record<string, string>>): Promise<Page>
  /** Clicks on "Sign in with …", does as told at the issuer, and comes back. @param first of the link for the first administrator */
  signIn(
    issuer: { readonly name: string; signIn(url: string, account: string): Promise<string> },
    account: string,
    first?: string,
  ): Promise<Page>
}

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** @param url of the door */
export function newBrowser(url: string): Browser {
  const cookies = new Map<string, string>()
  let pagePolicy: string | null = null
  const load = async (path: string, init: RequestInit = {}): Promise<Page> => {
    const response = await fetch(new URL(path, url), {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name!)
      else cookies.set(name!, value!)
    }
    if (response.headers.get('content-type')?.startsWith('text/html')) pagePolicy = response.headers.get('referrer-policy')
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
  const submit = (path: string, fields: Readonly<Record<string, string>>) =>
    load(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      // Fetch standard, "append a request Origin header".
      headers: { origin: pagePolicy === 'no-referrer' ? 'null' : new URL(url).origin },
    })
  return {
    cookies,
    get: (path) => load(path),
    submit,
    async signIn(issuer, account, first) {
      await load('/signin')
      const begun = await submit('/signin', { issuer: issuer.name, ...(first !== undefined && { first }) })
      const there = /content="0; url=([^"]+)"/.exec(begun.body)?.[1]?.replaceAll('&amp;', '&')
      if (there === undefined) throw new Error(`no way to the issuer: ${begun.status} ${begun.body}`)
      const back = new URL(await issuer.signIn(there, account))
      return load(`${back.pathname}${back.search}`)
    },
  }
}
