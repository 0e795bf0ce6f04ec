// Imported first by programs that people watch: oidc-provider says on loading, on starting and at first uses that it is a
// development set-up, which is what a test issuer is.
for (const way of ['warn', 'info'] as const) {
  const say = console[way]
  console[way] = (...words: unknown[]) => {
    if (!/oidc-provider (WARNING|NOTICE)/.test(String(words[0]))) say(...words)
  }
}
