/** The first configuration, as `gatescribe init` writes it. It passes `gatescribe check` as it stands. */
export const starterConfig = `# Gatescribe. docs/config.md lists every field; \`gatescribe check\` says what is wrong, by line.
gateway:
  origin: example.org/first             # names this gateway's log; choose it once
  data: ./data                          # store, log and local socket; a disk of its own that outlives restarts
  listen:
    postgres: 127.0.0.1:6432            # where psql and drivers connect
    token: 127.0.0.1:8444               # where jobs exchange their CI token
  tls: { names: [localhost] }           # the names that clients use; certificates for them are made by the gateway
  masterKey: file:./master.key          # seals secrets; keep a copy apart from the data

issuers:                                # who may prove that they are who they say: your CI
  - name: github
    issuer: https://token.actions.githubusercontent.com
    audience: https://localhost         # what the job asks its token for
    accept:
      repository_owner_id: "1234567"    # change: the number of your organisation (gh api orgs/ACME --jq .id)
      repository_id: "987654"           # change: the number of your repository (gh api repos/ACME/REPORTS --jq .id)
      ref_protected: "true"             # only protected branches and tags
      event_name: [push, schedule, workflow_dispatch]
    groups: ["repo:{repository}"]       # rules say who by github/repo:acme/reports
    run:
      id: ["{repository_id}", "{run_id}", "{run_attempt}"]
      repository: "{repository}"
      workflow: "{workflow}"
      commit: "{sha}"
      attempt: "{run_attempt}"
      launcher: "{actor_id}"
      url: "{server_url}/{repository}/actions/runs/{run_id}"

resources:                              # what they may reach
  - name: orders-db
    kind: postgres
    address: orders.internal:5432       # change: your database
    aliases: [orders-prod]              # database names that select it
    databases: { orders-prod: orders }  # the client's name: the target's own
    # tls: { ca: file:./orders-ca.pem } # where its certificate is not from a public CA
    credentials:
      - { as: reader, user: gatescribe_ro, password: "secret:orders-ro" }   # gatescribe secret set orders-ro
    tags: [prod]

rules:                                  # what nothing allows is refused
  - name: reports-may-read
    effect: allow
    who: { groups: [github/repo:acme/reports] }   # change: your repository
    on: { resources: [orders-db] }
    do: [postgres.read]                 # docs/rules.md: what else there is, and how rules are tested
`
