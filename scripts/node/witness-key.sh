# shellcheck shell=bash
# The keys by which the witness knows the masters, for root alone: the first signs, each is accepted.
: "${WITNESS_KEYS:?}"

files() { put /etc/ha-nfs/secrets/witness 600 "$WITNESS_KEYS"; }

apply() {
	install -d -m 755 /etc/ha-nfs # others read what is beside the secrets: sshd, as the replication's login
	install -d -m 700 /etc/ha-nfs/secrets
	files
}

remove() { rm -f /etc/ha-nfs/secrets/witness "$backups/etc/ha-nfs/secrets/witness"; }

verify() { files; }
