/**
 * Variables that decide what a job runs, trusts or reaches, or that others say something by: nobody may be handed a value of them under the name of
 * a resource. Without case: Windows has none.
 */
const RESERVED = new RegExp(
  `^(${[
    // Shells and what they run.
    ...[
      'PATH',
      'HOME',
      'USER',
      'LOGNAME',
      'SHELL',
      'TERM',
      'PWD',
      'OLDPWD',
      'IFS',
      'ENV',
      'CDPATH',
      'BASH.*',
      'ZDOTDIR',
      'SHELLOPTS',
      'PROMPT_COMMAND',
      'PS[0-9]',
      'TMP',
      'TEMP',
      'TMPDIR',
      'LANG',
      'LC_.*',
      'TZ',
      'EDITOR',
      'VISUAL',
      'PAGER',
      'XDG_.*',
    ],
    // Loaders and interpreters.
    ...[
      'LD_.*',
      'DYLD_.*',
      'GLIBC_.*',
      'MALLOC_.*',
      'NODE_.*',
      'NPM_.*',
      'PYTHON.*',
      'PIP_.*',
      'VIRTUAL_ENV',
      'RUBY.*',
      'PERL.*',
      'JAVA_.*',
      'JDK_.*',
      '_JAVA_.*',
      'GIT_.*',
      'SSH_.*',
      'DOTNET_.*',
      'GCONV_PATH',
      'CLASSPATH',
    ],
    // What is trusted, and what is reached.
    ...[
      'SSL_.*',
      'SSLKEYLOGFILE',
      'OPENSSL_.*',
      'CURL_.*',
      'REQUESTS_CA_BUNDLE',
      '.*_PROXY',
      'GOPROXY',
      'PG.*',
      'KUBE.*',
      'NETRC',
      'DOCKER_.*',
    ],
    ...['HOSTALIASES', 'RES_OPTIONS', 'LOCALDOMAIN'],
    // What launchers and CI systems say.
    ...['TRACEPARENT', 'TRACESTATE', 'OTEL_.*', 'GATESCRIBE_.*', 'ACTIONS_.*', 'GITHUB_.*', 'RUNNER_.*', 'CI', 'CI_.*'],
  ].join('|')})$`,
  'i',
)

/** Whether a variable means something else to a job than a resource. */
export const isReservedVariable = (name: string): boolean => RESERVED.test(name)
