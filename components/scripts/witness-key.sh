# shellcheck shell=bash
# The keys by which the witness knows the masters, for root alone: the first signs, each is accepted.
: "${WITNESS_KEYS:?}"

files() { put /etc/ha-nfs/secrets/witness 600 "$WITNESS_KEYS"; }

apply() {
	secrets_directory
	files
}

remove() { files; }

verify() { files; }
