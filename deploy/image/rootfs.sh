#!/bin/sh
# Lays out the image's root file system in the folder given: Node, the libraries that it is linked with, and the package. No shell, no package manager.
set -eu
root=$1
mkdir -p "$root/usr/local/bin" "$root/opt" "$root/etc/ssl/certs" "$root/data" "$root/tmp" "$root/etc/gatescribe" "$root/run" "$root/proc" "$root/sys" "$root/dev"
node=$(command -v node)
cp -L "$node" "$root/usr/local/bin/node"
# Where the program itself says that it looks for them, the loader included; names are resolved by the C library alone since glibc 2.34.
ldd "$node" | grep -o '/[^ ]*' | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -R /opt/gatescribe "$root/opt/gatescribe"
cp /image/healthy.js /image/private-copies.js "$root/opt/gatescribe/"
cp /image/gatescribe /image/gatescribe-verify "$root/usr/local/bin/"
printf 'root:x:0:0::/:/nonexistent\ngatescribe:x:65532:65532::/data:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\ngatescribe:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
chmod -R a+rX,go-w "$root"
chmod 0555 "$root/usr/local/bin/node" "$root/usr/local/bin/gatescribe" "$root/usr/local/bin/gatescribe-verify"
chmod 1777 "$root/tmp"
# The only folder that is written: its owner is the user that the image runs as, and a volume takes it over from here.
chown 65532:65532 "$root/data"
chmod 0700 "$root/data"
