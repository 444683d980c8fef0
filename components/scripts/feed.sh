# shellcheck shell=bash
# What one master knows of one replica: where it is, its host key, what it gets. The daemon takes it up, or lets it go,
# and the other replicas do not notice.
: "${NAME:?}" "${CONFIG:?}" "${SSH_HOST:?}" "${HOST_KEY:?}"

# shellcheck disable=SC2034 # run's: a master has one for each replica
INSTANCE=$NAME
# An older ha-nfs had one owner mark for all replicas, that of the last one to be applied. By it, its `remove`, which runs
# for a replica that goes in the very `up` that brings this one, would take nothing away.
old_mark=/var/lib/ha-nfs/owner-feed.sh

files() {
	put "/etc/ha-nfs/replicator/known_hosts/$NAME" 644 "$NAME $HOST_KEY"$'\n'
	put "/etc/ha-nfs/replicator/ssh.d/$NAME.conf" 644 "$SSH_HOST"
	put "/etc/ha-nfs/replicator/slaves/$NAME.json" 644 "$CONFIG"
}

reload() {
	! systemctl --quiet is-active ha-nfs-replicator.service || activate systemctl reload ha-nfs-replicator.service
}

apply() {
	files
	! is_changed '*' || reload
	# another's stays: that one may be gone, and its remove takes it
	! cmp -s "${owner:?}" $old_mark || rm $old_mark
}

remove() {
	files
	reload
}

verify() { files; }
