# shellcheck shell=bash
# The one script that gets secrets. It writes each into a file of its own that root alone reads; the other scripts
# read those files, and a reviewer reads the other scripts.
: "${HEARTBEAT_KEYS:?}" "${DRBD_SECRET:?}" "${FENCE_KEYS:?}" "${WITNESS_KEYS:?}" "${FENCE_OPTIONS?}" "${COROSYNC_KEY:?}"

secrets=/etc/ha-nfs/secrets

files() {
	put $secrets/authkeys 600 "$HEARTBEAT_KEYS"
	put $secrets/corosync 600 "$COROSYNC_KEY"
	put $secrets/drbd 600 "$DRBD_SECRET"
	put $secrets/fence 600 "$FENCE_KEYS"
	put $secrets/witness 600 "$WITNESS_KEYS"
	[[ -z $FENCE_OPTIONS ]] || put $secrets/fence-device 600 "$FENCE_OPTIONS"
}

# has KEYS KEY: whether the key is one of the lines.
has() { [[ $'\n'$1$'\n' == *$'\n'"$2"$'\n'* ]]; }

# The peer has the keys that are here now, and signs with the first of them. It must know the one by which this node will
# sign, and be known by it: what is in both sets but signs for neither is of no use.
require_kinship() {
	local old
	[[ -s $secrets/fence ]] || return 0
	old=$(<"$secrets/fence")
	{ has "$old" "${FENCE_KEYS%%$'\n'*}" && has "$FENCE_KEYS" "${old%%$'\n'*}"; } ||
		die "the masters would not understand each other's keys meanwhile: raise secretsGeneration by one at a time"
}

apply() {
	secrets_directory
	require_kinship
	files
	[[ $FENCE_OPTIONS ]] || rm -f $secrets/fence-device "${backups:?}$secrets/fence-device"
}

remove() { rm -rf $secrets "${backups:?}$secrets"; }

verify() { files; }
