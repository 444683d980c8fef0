# shellcheck shell=bash
# The one script that gets secrets. It writes each into a file of its own that root alone reads; the other scripts
# read those files, and a reviewer reads the other scripts.
: "${HEARTBEAT_SECRET:?}" "${DRBD_SECRET:?}"

files() {
	put /etc/ha-nfs/secrets/heartbeat 600 "$HEARTBEAT_SECRET"
	put /etc/ha-nfs/secrets/drbd 600 "$DRBD_SECRET"
}

apply() {
	(umask 077 && mkdir -p /etc/ha-nfs/secrets)
	files
}

remove() { rm -rf /etc/ha-nfs/secrets "${backups:?}/etc/ha-nfs/secrets"; }

verify() { files; }
