# shellcheck shell=bash
# What a slave serves of its copy: HTTP by nginx, and NFS, both read-only.
: "${NGINX_CONF:?}" "${HTTP_UNIT:?}" "${EXPORTS:?}" "${NFS_CONF:?}" "${HTTP:?}"

files() {
	put /etc/ha-nfs/nginx.conf 644 "$NGINX_CONF"
	put /etc/systemd/system/ha-nfs-http.service 644 "$HTTP_UNIT"
	put /etc/exports.d/ha-nfs.exports 644 "$EXPORTS"
	put /etc/nfs.conf.d/ha-nfs.conf 644 "$NFS_CONF"
	no_delegations
}

serves_nfs() { answers_nfs "${HTTP%:*}"; }

# exportfs names on stderr what it does not understand, and goes on: here a wrong line is an error. Only the copy of a
# new share may not have come yet: it is served once it is there.
export_shares() {
	local complaint
	complaint=$(exportfs -ra 2>&1 | grep -v 'Failed to stat .*: No such file or directory$' || :)
	[[ -z $complaint ]] || { log "$complaint" && false; }
}

apply() {
	files
	end_delegations
	if is_changed '*/nginx.conf' '*/ha-nfs-http.service'; then
		accept nginx -q -t -c /etc/ha-nfs/nginx.conf
		reload_units ha-nfs-http.service
		activate systemctl reload-or-restart ha-nfs-http.service
	fi
	enable_unit ha-nfs-http.service
	if is_changed '*/nfs.conf.d/*' || ! systemctl --quiet is-active nfs-server.service; then
		activate systemctl restart nfs-server.service
	elif is_changed '*.exports'; then
		activate export_shares
	fi
	enable_unit nfs-server.service
	wait_until 30 "HTTP answers at $HTTP" listens "$HTTP"
	wait_until 30 "NFS answers at ${HTTP%:*}" serves_nfs
}

remove() {
	disable_unit ha-nfs-http.service
	disable_unit nfs-server.service
	files
	allow_delegations
}

verify() {
	files
	verify_delegations
	systemctl --quiet is-active ha-nfs-http.service || drift "ha-nfs-http.service is down"
	serves_nfs || drift "NFS does not answer"
}
