# shellcheck shell=bash
# Gets a secret, as secrets.sh does: the private key that opens the replicas' one login.
: "${PRIVATE_KEY:?}"

files() { put /etc/ha-nfs/secrets/replication 600 "$PRIVATE_KEY"; }

apply() {
	secrets_directory
	files
}

remove() { files; }

verify() { files; }
