# shellcheck shell=bash
# Whether the address serves, asked from another host than the one that serves: NFS over the wire, and on a client a
# real mount of every share.
: "${VIP:?}" "${PATIENCE:?}"
: "${DIGEST:?}" # of all that the masters run: a change of any of it asks again
: "${SOURCES?}" # what to mount, `server:path`, one a line; empty on a master

answers() { answers_nfs "$VIP"; }

mounts() {
	local source
	while read -r source; do
		can_mount "$source" || return
	done < <(printf %s "$SOURCES")
}

apply() {
	wait_until "$PATIENCE" "NFS answers at $VIP" answers
	mounts || die "NFS answers at $VIP, but not every share can be mounted from here: $SOURCES"
}

remove() { :; }

verify() { answers || drift "NFS does not answer at $VIP"; }
