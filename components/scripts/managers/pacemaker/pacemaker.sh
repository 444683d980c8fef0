# shellcheck shell=bash
# Corosync and Pacemaker on one master: their configuration and our two agents.
: "${SECRETS_GENERATION:?}" "${COROSYNC_CONF:?}" "${COROSYNC_DROP_IN:?}" "${PACEMAKER_DROP_IN:?}" "${SERVICE_AGENT:?}"
: "${FENCE_AGENT:?}" "${OTHERS:?}"

conf=/etc/corosync/corosync.conf

files() {
	put $conf 644 "$COROSYNC_CONF"
	put /etc/ha-nfs/corosync-key 644 "$SECRETS_GENERATION"$'\n'
	put /etc/systemd/system/corosync.service.d/ha-nfs.conf 644 "$COROSYNC_DROP_IN"
	put /etc/systemd/system/pacemaker.service.d/ha-nfs.conf 644 "$PACEMAKER_DROP_IN"
	put /usr/lib/ocf/resource.d/ha-nfs/service 755 "$SERVICE_AGENT"
	put /usr/sbin/fence_ha_nfs 755 "$FENCE_AGENT"
}

is_active() { systemctl --quiet is-active "$1"; }
runs() { is_active corosync.service && is_active pacemaker.service; }

# forget_cib: the next cluster begins without what this one had; what it had is kept.
forget_cib() {
	[[ -e /var/lib/pacemaker/cib/cib.xml ]] || return 0
	(umask 077 && mkdir -p "$backups" && cp -p /var/lib/pacemaker/cib/cib.xml "$backups/cib-$(date +%s).xml")
	rm -f /var/lib/pacemaker/cib/*
}

# Debian's package starts a cluster of its own, of one node. Anybody else's is not ours to end.
leave_debians() {
	[[ -e $conf ]] && ! grep -q 'made by ha-nfs' $conf || return 0
	grep -q 'cluster_name: debian$' $conf ||
		die "this node is in another cluster of corosync's ($conf): take it out of that one and move the file away, or give ha-nfs another node"
	systemctl stop pacemaker.service corosync.service 2>/dev/null || :
	forget_cib
}

apply() {
	leave_debians
	files
	! is_changed $conf || accept corosync -t
	reload_units corosync.service pacemaker.service
	# shellcheck disable=SC2086 # units
	take_over_from $OTHERS
	enable_unit corosync.service
	enable_unit pacemaker.service
	if is_changed $conf; then
		# it would take changed ports for granted, and not open them; the service stays: until this script ends nobody's word counts
		exec 8>/run/ha-nfs/stay.lock && flock 8
		systemctl stop pacemaker.service corosync.service 8>&-
	elif is_changed /etc/ha-nfs/corosync-key && is_active corosync.service; then
		activate corosync-cfgtool -R # on both nodes in one moment: both have the new key already
	fi
	systemctl start --no-block corosync.service pacemaker.service # they may wait for the peer
	wait_until 60 "Pacemaker runs" runs
}

remove() {
	disable_unit pacemaker.service
	disable_unit corosync.service
	files
	forget_cib
	systemctl daemon-reload
}

verify() {
	files
	runs || drift "Pacemaker is down"
}
