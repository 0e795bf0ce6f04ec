#!/usr/bin/env bash
# Installs what the Kubernetes tests use beside what parts/build.sh builds, outside the work tree: the client libraries of Python and Node, pinned by
# requirements.txt and package-lock.json, and Debian's old kubectl, which knows no WebSockets. What is there is left as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache="${GATESCRIBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatescribe}/kubernetes-clients"
mkdir -p "$cache"
digest() { cat "$@" | sha256sum | cut -c 1-16; }

python="$cache/python-$(digest python/requirements.txt)"
if [[ ! -e "$python/complete" ]]; then
  rm -rf "$python"
  /usr/bin/python3 -m venv "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check -r python/requirements.txt
  touch "$python/complete"
fi

node="$cache/node-$(digest node/package-lock.json)"
if [[ ! -e "$node/complete" ]]; then
  rm -rf "$node" && mkdir -p "$node"
  cp node/package.json node/package-lock.json "$node"
  npm ci --prefix "$node" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  touch "$node/complete"
fi

# Unpacked, not installed: a newer one may have its place.
old="$cache/kubectl-debian-12"
if [[ ! -e "$old/complete" ]] && command -v apt-get >/dev/null; then
  rm -rf "$old" && mkdir -p "$old"
  fetching="$(mktemp -d)"
  trap 'rm -rf "$fetching"' EXIT
  mkdir -p "$fetching"/{lists/partial,archives/partial}
  cat >"$fetching/debian.sources" <<SOURCES
Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  apt=(apt-get -qq -o APT::Sandbox::User= -o Dir::Etc::SourceList="$fetching/debian.sources" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$fetching/lists" -o Dir::Cache="$fetching")
  "${apt[@]}" update
  (cd "$fetching" && "${apt[@]}" download kubernetes-client)
  dpkg -x "$fetching"/kubernetes-client_*.deb "$old"
  touch "$old/complete"
fi
