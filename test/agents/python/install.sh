#!/usr/bin/env bash
# Installs what the examples need, each into a virtual environment of its own outside the work tree: examples/NAME/requirements.txt as a reader would, with every
# version pinned by NAME.txt beside this file. What is there is left as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache="${GATESCRIBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatescribe}/agents"
mkdir -p "$cache"

install() {
  local name=$1 requirements="../../../examples/$1/requirements.txt" pins="$1.txt" environment
  environment="$cache/$name-$(cat "$requirements" "$pins" | sha256sum | cut -c 1-16)"
  [[ -e "$environment/complete" ]] && return
  rm -rf "$environment"
  /usr/bin/python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" -c "$pins"
  # Nothing came that is not pinned.
  "$environment/bin/pip" freeze --disable-pip-version-check | diff "$pins" -
  touch "$environment/complete"
}

for name in autogen agent-framework ag2; do install "$name"; done
