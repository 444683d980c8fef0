# shellcheck shell=bash
# The one script that gets secrets. It writes each into a file of its own that root alone reads; the other scripts
# read those files, and a reviewer reads the other scripts.
: "${HEARTBEAT_KEYS:?}" "${DRBD_SECRET:?}" "${FENCE_KEYS:?}" "${WITNESS_KEYS:?}"

secrets=/etc/ha-nfs/secrets

files() {
	put $secrets/authkeys 600 "$HEARTBEAT_KEYS"
	put $secrets/drbd 600 "$DRBD_SECRET"
	put $secrets/fence 600 "$FENCE_KEYS"
	put $secrets/witness 600 "$WITNESS_KEYS"
}

# The peer still signs with a key of the generation before. One that this node would not know is no peer any more.
require_kinship() {
	[[ ! -s $secrets/fence ]] || grep -qxF -f "$secrets/fence" <<<"$FENCE_KEYS" ||
		die "none of the new keys is known here already, and the masters would not understand each other meanwhile: raise secretsGeneration by one at a time"
}

apply() {
	(umask 077 && mkdir -p $secrets)
	require_kinship
	files
}

remove() { rm -rf $secrets "${backups:?}$secrets"; }

verify() { files; }
