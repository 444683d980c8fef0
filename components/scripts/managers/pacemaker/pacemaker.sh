# shellcheck shell=bash
# Corosync and Pacemaker on one master: their configuration and our two agents.
: "${SECRETS_GENERATION:?}" "${COROSYNC_CONF:?}" "${COROSYNC_DROP_IN:?}" "${PACEMAKER_DROP_IN:?}" "${SERVICE_AGENT:?}"
: "${FENCE_AGENT:?}" "${OTHERS:?}"

conf=/etc/corosync/corosync.conf
key=/etc/ha-nfs/secrets/corosync
known=/var/lib/ha-nfs/corosync-key # as new as the key that corosync has been told of last

files() {
	put $conf 644 "$COROSYNC_CONF"
	put /etc/systemd/system/corosync.service.d/ha-nfs.conf 644 "$COROSYNC_DROP_IN"
	put /etc/systemd/system/pacemaker.service.d/ha-nfs.conf 644 "$PACEMAKER_DROP_IN"
	put /usr/lib/ocf/resource.d/ha-nfs/service 755 "$SERVICE_AGENT"
	put /usr/sbin/fence_ha_nfs 755 "$FENCE_AGENT"
}

is_active() { systemctl --quiet is-active "$1"; }
runs() { is_active corosync.service && is_active pacemaker.service && cibadmin --query >/dev/null 2>&1; } # its unit is active before it runs

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

# What a corosync that runs takes as well: the votes, and the times.
is_reloadable() { [[ -e $backups$conf && $(fixed $conf) == "$(fixed "$backups$conf")" ]]; }
fixed() { sed -E '/^quorum \{/,/^\}/d; /^ +(token|consensus):/d' "$1"; }

# reload: the quorum device reads its part at its start alone; where there is none any more, it goes later.
reload() {
	corosync-cfgtool -R || return
	! grep -q 'device {' $conf || systemctl try-restart corosync-qdevice.service
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
	if is_changed $conf && ! is_reloadable; then
		# it would take changed ports for granted, and not open them; the service stays: until this script ends nobody's word counts
		exec 8>/run/ha-nfs/stay.lock && flock 8
		systemctl stop pacemaker.service corosync.service 8>&-
	elif { is_changed $conf || [[ $key -nt $known ]]; } && is_active corosync.service; then
		activate reload # a new key on both nodes in one moment: both have it already
	fi
	touch -r $key $known
	systemctl start --no-block corosync.service pacemaker.service # they may wait for the peer
	wait_until 60 "Pacemaker runs" runs
}

remove() {
	disable_unit pacemaker.service
	disable_unit corosync.service
	files
	rm -f $known
	forget_cib
	systemctl daemon-reload
}

verify() {
	files
	runs || drift "Pacemaker is down"
}
