# shellcheck shell=bash
# The virtual address as the resource agent reads it. Heartbeat moves it; this only says which it is.
: "${VIP_CONF:?}"

files() { put /etc/ha-nfs/vip.conf 644 "$VIP_CONF"; }

apply() { files; }
remove() { files; }
verify() { files; }
