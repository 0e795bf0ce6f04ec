#!/usr/bin/env bash
# Builds the real parts of the Kubernetes tests from Go modules, pinned by go.mod and go.sum: etcd, kube-apiserver, kwok, kubectl, helm, and
# our own podstreams, clientgo and streamreaders.
# What is there already is left as it is, and what was interrupted goes on where it was (Go keeps every package it has compiled). All of it takes ten minutes
# of CPU, 2.4 GB of memory for the largest step, and 4 GB of disk for what Go keeps.
#
# build.sh [folder] prints the folder of the commands, by default one of $GATESCRIBE_CACHE named after the versions; what it does is told on standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache="${GATESCRIBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatescribe}"
folder="${1:-$cache/kubernetes/$(cat go.mod go.sum | sha256sum | cut -c 1-16)}"
own() { printf '%s-%s\n' "$1" "$(cat "$1"/*.go | sha256sum | cut -c 1-16)"; }
podstreams="$(own podstreams)"
clientgo="$(own clientgo)"
streamreaders="$(own streamreaders)"
mkdir -p "$folder" "$cache/kubernetes"

tell() { printf 'kubernetes parts: %s\n' "$*" >&2; }

needed="$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)"
if ! command -v go >/dev/null; then
  tell "Go $needed or newer is not here"
  exit 1
fi
here="$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')"
if [[ "$(printf '%s\n%s\n' "$needed" "$here" | sort -V | head -n 1)" != "$needed" ]]; then
  tell "needs Go $needed or newer, and $(command -v go) is $here"
  exit 1
fi

# One at a time: they would compile the same.
exec 9>"$cache/kubernetes/lock"
flock 9

# With the Go that is installed, and nothing that it would fetch to replace itself.
export GOTOOLCHAIN=local GOWORK=off CGO_ENABLED=0 GOFLAGS='-buildvcs=false -mod=readonly -trimpath'
export GOMODCACHE="$cache/go/mod" GOCACHE="$cache/go/build"

version_of() { go list -m -f '{{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}' "$1"; }

# build NAME PACKAGE [linker flags]: packages are told as they are compiled, so that a long build is seen to go on.
build() {
  local name=$1 package=$2 began=$SECONDS
  if [[ -x "$folder/$name" ]]; then return; fi
  tell "$name: building $package"
  go build -v -ldflags "-s -w ${3:-}" -o "$folder/.$name.part" "$package" 2>&1 |
    awk -v name="$name" '/[ :]/ { print; fflush(); next } NR % 100 == 0 { print "kubernetes parts: " name ": " NR " packages"; fflush() }' >&2
  mv "$folder/.$name.part" "$folder/$name"
  tell "$name: done in $((SECONDS - began)) s"
}

missing=()
for name in etcd kube-apiserver kwok "$podstreams" kubectl helm "$clientgo" "$streamreaders"; do
  [[ -x "$folder/$name" ]] || missing+=("$name")
done
if ((${#missing[@]})); then
  tell "missing: ${missing[*]}"
  tell 'fetching modules'
  kubernetes="$(version_of k8s.io/kubernetes)"
  minor="${kubernetes#v1.}"
  versions="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
  versions+=" -X k8s.io/component-base/version.gitCommit=$kubernetes -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"
  build etcd go.etcd.io/etcd/server/v3
  build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$versions"
  build "$podstreams" ./podstreams
  build kwok sigs.k8s.io/kwok/cmd/kwok
  build kubectl k8s.io/kubernetes/cmd/kubectl "$versions"
  build "$clientgo" ./clientgo
  build "$streamreaders" ./streamreaders
  build helm helm.sh/helm/v3/cmd/helm "-X helm.sh/helm/v3/internal/version.version=$(version_of helm.sh/helm/v3)"
fi
printf '%s\n' "$folder"
