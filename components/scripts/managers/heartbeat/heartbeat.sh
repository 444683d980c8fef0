# shellcheck shell=bash
# Heartbeat on one master: ha.cf, haresources, authkeys, its agent and its log daemon.
: "${VOLUME:?}" "${HA_CF:?}" "${HARESOURCES:?}" "${LOGD_CF:?}" "${LOGD_UNIT:?}" "${HEARTBEAT_DROP_IN:?}" "${HANFS:?}" "${OTHERS:?}"

heartbeat=/usr/libexec/heartbeat/heartbeat

files() {
	local keys
	keys=$(secret authkeys)
	put /etc/ha.d/ha.cf 644 "$HA_CF"
	put /etc/ha.d/haresources 644 "$HARESOURCES"
	put /etc/ha.d/authkeys 600 "$keys"$'\n'
	put /etc/ha.d/resource.d/hanfs 755 "$HANFS"
	put /etc/logd.cf 644 "$LOGD_CF"
	put /etc/systemd/system/ha-nfs-logd.service 644 "$LOGD_UNIT"
	put /etc/systemd/system/heartbeat.service.d/ha-nfs.conf 644 "$HEARTBEAT_DROP_IN"
}

is_running() { "$heartbeat" -s >/dev/null 2>&1; }

# Whether it takes part in the cluster. After its first start that comes only when the peer is there too, or initdead
# has passed.
is_member() { cl_status hbstatus >/dev/null 2>&1; }

# Heartbeat executes itself anew and reads its files, or its keys alone; the resources stay where they are. It takes the
# signal a moment later, so first it leaves the cluster, and then it is back.
reload() {
	local tries
	if is_changed /etc/ha.d/authkeys; then
		/usr/local/lib/ha-nfs/manager.py rekey || return
	else
		"$heartbeat" -r || return
	fi
	for ((tries = 0; tries < 20; tries++)); do
		is_member || break
		sleep 0.2
	done
	wait_until 60 "heartbeat is a member again" is_member
}

apply() {
	files
	reload_units ha-nfs-logd.service heartbeat.service
	enable_unit ha-nfs-logd.service
	enable_unit heartbeat.service
	systemctl start ha-nfs-logd.service
	# shellcheck disable=SC2086 # units
	take_over_from $OTHERS
	if ! is_running; then
		activate systemctl start heartbeat.service
		wait_until 60 "heartbeat runs" is_running
	elif is_changed /etc/ha.d/ha.cf /etc/ha.d/haresources /etc/ha.d/authkeys; then
		activate reload
	fi
}

remove() {
	disable_unit heartbeat.service
	disable_unit ha-nfs-logd.service
	files
}

verify() {
	files
	is_member || drift "heartbeat is down"
}
