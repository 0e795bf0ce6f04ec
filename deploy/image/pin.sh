#!/bin/sh
# Prints an image by tag and digest, as the registry has it now: pin.sh node:26.10.0-trixie-slim
set -eu
printf '%s@%s\n' "$1" "$(docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}')"
