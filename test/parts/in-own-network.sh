#!/bin/sh
# Runs a command in a network namespace of its own that has nothing but loopback, as root: what the command starts can reach nothing but what it plugs
# itself into (Networks.plugIn of network.ts). Gone with its last process.
exec unshare --net -- sh -c '
  ip link set lo up || exit 1
  GATESCRIBE_OWN_NETWORK="$(readlink /proc/self/ns/net)" exec "$@"' sh "$@"
