#!/usr/bin/env bash
# Builds the images of deploy/Dockerfile with buildah, for real and from nothing but this checkout. The bases that it names cannot be fetched where nothing but
# package registries is reached: in their place stand root file systems of Debian with the Node that this project brings, and with Debian's PostgreSQL.
# All of it is kept in $GATESCRIBE_CACHE. Prints, as JSON, where the root file system of each image is and what its configuration says.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../../.." && pwd)"
cache="${GATESCRIBE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatescribe}/containers"
mkdir -p "$cache"
tell() { printf 'images: %s\n' "$*" >&2; }

# One at a time: they would build the same.
exec 9>"$cache/lock"
flock 9

buildah() { command buildah --root "$cache/storage" --runroot "$cache/run" --storage-driver overlay "$@"; }
node_image="$(sed -n 's/^ARG NODE_IMAGE=//p' "$root/deploy/Dockerfile")"
postgres_image="$(sed -n 's/.*image: ${POSTGRES_IMAGE:-\(.*\)}/\1/p' "$root/deploy/compose.yaml")"
node="$(readlink -f "$root/node_modules/node-linux-$(node -p process.arch)/bin/node")"
npm="$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")"
# What the stand-ins are made of; raise the number where this file makes them otherwise.
made="$(cat <(echo 1) "$here/postgres.Dockerfile" "$here/postgres-entrypoint.sh" <("$node" --version) | sha256sum | cut -c 1-16)"

if ! buildah inspect --type image "localhost/stand-in:$made" >/dev/null 2>&1; then
  tell "a Debian with Node for $node_image"
  rm -rf "$cache/debian.part"
  [[ -d "$cache/debian" ]] || {
    debootstrap --variant=minbase --include=ca-certificates,libatomic1,libstdc++6 bookworm "$cache/debian.part" http://deb.debian.org/debian >&2
    mv "$cache/debian.part" "$cache/debian"
  }
  container="$(buildah from scratch)"
  in="$(buildah mount "$container")"
  cp -a "$cache/debian/." "$in/"
  cp -L "$node" "$in/usr/local/bin/node"
  mkdir -p "$in/usr/local/lib/node_modules" "$in/usr/local/etc"
  cp -a "$npm" "$in/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$in/usr/local/bin/npm"
  # What this machine trusts, so that npm reaches the registry from within as it does from here.
  cp -L /etc/ssl/certs/ca-certificates.crt "$in/etc/ssl/certs/ca-certificates.crt"
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' >"$in/usr/local/etc/npmrc"
  buildah umount "$container" >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit -q --format docker "$container" "localhost/stand-in:$made" >/dev/null
  buildah rm "$container" >/dev/null
fi
buildah tag "localhost/stand-in:$made" "docker.io/library/$node_image"

# What is copied in, and nothing else: files that Git does not know are not part of the project. What was changed and not committed is.
context="$(mktemp -d)"
trap 'rm -rf "$context"' EXIT
(cd "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do [[ -e "$file" ]] && printf '%s\0' "$file"; done | tar -c --null -T - | tar -x -C "$context")

# What was built of exactly this, and is mounted still, is not built again.
key="$(cd "$context" && { echo "$made"; find . -type f ! -path './test/*' ! -path './docs/*' ! -path './bench/*' -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -c 1-16)"
said="$cache/images-$key.json"
if [[ -e "$said" ]] && "$node" -e 'for (const { root } of Object.values(JSON.parse(fs.readFileSync(process.argv[1])))) fs.statSync(`${root}/usr`)' "$said" 2>/dev/null; then
  cat "$said"
  exit 0
fi

build() { # file, target, image
  tell "$3"
  buildah bud --isolation=chroot --network=host --layers --pull-never --format docker -q ${2:+--target "$2"} -f "$1" -t "$3" "${@:5}" "$4" >"$cache/build.log" 2>&1 ||
    { tail -n 40 "$cache/build.log" >&2; exit 1; }
}
build "$here/postgres.Dockerfile" '' "docker.io/library/$postgres_image" "$here" --build-arg "BASE=localhost/stand-in:$made"
# Named, so that what they are made of outlives what is removed below.
for stage in build package; do
  build "$context/deploy/Dockerfile" "$stage" "localhost/stage-$stage:latest" "$context" --ignorefile "$context/deploy/Dockerfile.dockerignore"
done
build "$context/deploy/Dockerfile" gatescribe localhost/gatescribe:0.1.0 "$context" --ignorefile "$context/deploy/Dockerfile.dockerignore"
build "$context/deploy/Dockerfile" demo localhost/gatescribe-demo:0.1.0 "$context" --ignorefile "$context/deploy/Dockerfile.dockerignore"

# Of earlier builds nothing is kept.
rm -f "$cache"/images-*.json
buildah rm --all >/dev/null
buildah rmi --prune --force >/dev/null 2>&1 || true

# One working container for each image, whose root file system is mounted for the tests.
{
printf '{'
comma=''
for image in "docker.io/library/$postgres_image" localhost/gatescribe:0.1.0 localhost/gatescribe-demo:0.1.0; do
  name="${image##*/}"
  name="${name%%:*}"
  container="tests-$name"
  buildah from --pull-never -q --name "$container" "$image" >/dev/null
  printf '%s"%s":{"root":"%s","config":%s}' "$comma" "$name" "$(buildah mount "$container")" \
    "$(buildah inspect --type image "$image" | "$node" -p 'JSON.stringify(JSON.parse(require("fs").readFileSync(0)).Docker.config)')"
  comma=,
done
printf '}\n'
} >"$said.part"
mv "$said.part" "$said"
cat "$said"
