# shellcheck shell=bash
# Corosync-qnetd on the witness: the third vote of the masters' corosync. Prints its CA's certificate, and one for each request.
: "${CLUSTER:?}" "${REQUESTS:?}" "${QNETD_DROP_IN:?}"

unit=corosync-qnetd.service
db=/etc/corosync/qnetd/nssdb
signed=$db/$CLUSTER # by the digest of the request

files() { put /etc/systemd/system/$unit.d/ha-nfs.conf 644 "$QNETD_DROP_IN"; }

# Whose clients it has beside ours.
others() { corosync-qnetd-tool -l 2>/dev/null | sed -n 's/^Cluster "\(.*\)":$/\1/p' | grep -vx "$CLUSTER"; }

sign() {
	local digest
	digest=$(printf %s "$1" | sha256sum)
	digest=${digest%% *}
	if [[ ! -s $signed/$digest.crt ]]; then
		printf %s "$1" >"$signed/$digest.csr"
		certutil -C -a -d $db -f $db/pwdfile.txt -c "QNet CA" -v 1200 -m "$((16#${digest:0:7}))" \
			-i "$signed/$digest.csr" -o "$signed/$digest.crt.new" >&2 || die "cannot sign the request of a master"
		mv "$signed/$digest.crt.new" "$signed/$digest.crt"
	fi
	cat "$signed/$digest.crt"
}

# sign_all: in the order of the requests.
sign_all() {
	local line request=
	while IFS= read -r line; do
		request+=$line$'\n'
		[[ $line == -----END* ]] || continue
		sign "$request"
		request=
	done < <(printf %s "$REQUESTS")
}

apply() {
	local found
	[[ -x /usr/bin/corosync-qnetd ]] || install_packages corosync-qnetd
	found=$(others) || :
	[[ -z $found ]] || die "corosync-qnetd on this host has a vote for another cluster: ${found//$'\n'/, }; name another witness, or leave quorumDevice out"
	[[ -e $db/cert9.db ]] || die "corosync-qnetd has no keys ($db): dpkg-reconfigure corosync-qnetd makes them"
	files
	enable_unit $unit
	if is_changed "*/$unit.d/*"; then
		reload_units $unit
		activate systemctl restart $unit
	fi
	systemctl start $unit
	mkdir -p "$signed"
	certutil -L -a -d $db -n "QNet CA"
	sign_all
}

remove() {
	disable_unit $unit
	files
	rm -rf "${signed:?}"
}

verify() {
	files
	systemctl --quiet is-active $unit || drift "$unit is down"
}
