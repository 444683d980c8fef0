# shellcheck shell=bash
# Corosync and Pacemaker on one master: their configuration, our two agents, and our part of the CIB.
: "${PEER:?}" "${SECRETS_GENERATION:?}" "${COROSYNC_CONF:?}" "${CIB:?}" "${COROSYNC_DROP_IN:?}" "${PACEMAKER_DROP_IN:?}"
: "${SERVICE_AGENT:?}" "${FENCE_AGENT:?}" "${OTHERS:?}"

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

# Debian's package starts a cluster of its own, of one node.
leave_debians() {
	! grep -q 'made by ha-nfs' $conf 2>/dev/null || return 0
	systemctl stop pacemaker.service corosync.service 2>/dev/null || :
	rm -f /var/lib/pacemaker/cib/*
}

has_peer() { [[ " $(crm_node --partition 2>/dev/null) " == *" $PEER "* ]]; }

# The CIB is the pair's, so what is ours in it changes in one step, and what is a site's own stays. Only with the peer there:
# the first of two that are new would start the service, and the other may have it.
load() {
	local old=/run/ha-nfs/cib.old new=/run/ha-nfs/cib.new
	cibadmin --query >$old && cp $old $new
	(export CIB_file=$new && write_ours) >/run/ha-nfs/cib.log 2>&1 || die "cannot write the CIB: $(tail -n 3 /run/ha-nfs/cib.log)"
	crm_verify --xml-file $new >/run/ha-nfs/cib.log 2>&1 || die "Pacemaker refuses the CIB, and has the old one: $(tail -n 3 /run/ha-nfs/cib.log)"
	! is_same $old $new || return 0
	configuration_of $new >$new.configuration
	cibadmin --replace --scope configuration --xml-file $new.configuration || die "cannot load the CIB"
	log "loaded the CIB"
}

configuration_of() { CIB_file=$1 cibadmin --query --scope configuration; }

is_same() { crm_diff --no-version --original "$1" --new "$2" >/dev/null; }

# of the CIB in $CIB_file
write_ours() {
	local scope id xml wanted=' '
	while read -r scope id xml; do
		wanted+="$id "
		if cibadmin --query --xpath "//configuration/$scope/*[@id='$id']" >/dev/null 2>&1; then
			cibadmin --replace --xpath "//configuration/$scope/*[@id='$id']" --xml-text "$xml" || return
		else
			cibadmin --create --scope "$scope" --xml-text "$xml" || return
		fi
	done < <(printf %s "$CIB")
	for id in $(ours); do
		[[ $wanted == *" $id "* ]] || cibadmin --delete --force --xpath "//configuration/*/*[@id='$id']" || return
	done
}

ours() { cibadmin --query --no-children --xpath "//configuration/*/*[starts-with(@id,'ha-nfs-')]" 2>/dev/null | grep -o ' id="[^"]*"' | cut -d '"' -f 2; }

apply() {
	leave_debians
	files
	reload_units corosync.service pacemaker.service
	# shellcheck disable=SC2086 # units
	take_over_from $OTHERS
	enable_unit corosync.service
	enable_unit pacemaker.service
	if is_changed $conf /etc/ha-nfs/corosync-key && is_active corosync.service; then
		activate corosync-cfgtool -R # on both nodes
	fi
	systemctl start --no-block corosync.service pacemaker.service # they may wait for the peer
	wait_until 60 "Pacemaker runs" runs
	! has_peer || load
}

remove() {
	disable_unit pacemaker.service
	disable_unit corosync.service
	files
	rm -f /var/lib/pacemaker/cib/*
	systemctl daemon-reload
}

verify() {
	files
	runs || drift "Pacemaker is down"
}
