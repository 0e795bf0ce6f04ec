// Imported first by programs that people watch: oidc-provider warns on loading and on starting that it is a
// development set-up, which is what a test issuer is.
const warn = console.warn
console.warn = (...words: unknown[]) => {
  if (!String(words[0]).includes('oidc-provider WARNING')) warn(...words)
}
