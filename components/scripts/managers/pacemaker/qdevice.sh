# shellcheck shell=bash
# Corosync-qdevice on one master: it asks the witness' corosync-qnetd for a third vote.
: "${CA:?}" "${CERTIFICATE:?}" "${QDEVICE_DROP_IN:?}"

unit=corosync-qdevice.service
wanted=/etc/systemd/system/corosync.service.wants/$unit # it ends with corosync, and comes with it
db=/etc/corosync/qdevice/net/nssdb

files() {
	put /etc/ha-nfs/qdevice/ca.crt 644 "$CA"
	put /etc/ha-nfs/qdevice/own.crt 644 "$CERTIFICATE"
	put /etc/systemd/system/$unit.d/ha-nfs.conf 644 "$QDEVICE_DROP_IN"
}

# certificate NICKNAME: as it is in the database.
certificate() { certutil -L -a -d $db -n "$1" 2>/dev/null | tr -d '\r'; }
is_known() { [[ $(certificate "QNet CA") == "${CA%$'\n'}" && $(certificate "Cluster Cert") == "${CERTIFICATE%$'\n'}" ]]; }

# take NICKNAME TRUST FILE
take() {
	certutil -D -d $db -n "$1" 2>/dev/null || :
	certutil -A -a -d $db -f $db/pwdfile.txt -n "$1" -t "$2" -i "$3"
}

apply() {
	files
	if ! is_known; then
		mark $db
		take "QNet CA" CT,c,c /etc/ha-nfs/qdevice/ca.crt
		take "Cluster Cert" u,u,u /etc/ha-nfs/qdevice/own.crt
		is_known || die "the certificates of the witness do not belong to this node's key ($db)"
	fi
	reload_units $unit
	if [[ ! -L $wanted ]]; then
		mkdir -p "${wanted%/*}"
		ln -s /usr/lib/systemd/system/$unit $wanted
		mark $wanted
	fi
	if is_changed $db $wanted "*/$unit.d/*"; then
		systemctl --quiet is-active corosync.service || return 0 # it may wait for the peer; the device comes with it
		activate systemctl restart $unit
	fi
}

remove() {
	rm -f $wanted
	disable_unit $unit
	files
}

verify() {
	files
	is_known || drift "$db has other certificates"
	systemctl --quiet is-active $unit || drift "$unit is down"
}
