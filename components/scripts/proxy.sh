# shellcheck shell=bash
# One of the two proxies: haproxy in front of the slaves, and keepalived, which keeps the address on one of the two.
: "${HAPROXY_CFG:?}" "${HAPROXY_UNIT:?}" "${KEEPALIVED_CONF:?}" "${KEEPALIVED_UNIT:?}" "${SYSCTL:?}"

files() {
	put /etc/sysctl.d/90-ha-nfs.conf 644 "$SYSCTL"
	put /etc/ha-nfs/haproxy.cfg 644 "$HAPROXY_CFG"
	put /etc/ha-nfs/keepalived.conf 644 "$KEEPALIVED_CONF"
	put /etc/systemd/system/ha-nfs-haproxy.service 644 "$HAPROXY_UNIT"
	put /etc/systemd/system/ha-nfs-keepalived.service 644 "$KEEPALIVED_UNIT"
}

apply() {
	files
	! is_changed '*/sysctl.d/*' || sysctl -q -p /etc/sysctl.d/90-ha-nfs.conf
	if is_changed '*/haproxy.cfg' '*/ha-nfs-haproxy.service'; then
		accept haproxy -c -f /etc/ha-nfs/haproxy.cfg
		reload_units ha-nfs-haproxy.service
		activate systemctl reload-or-restart ha-nfs-haproxy.service
	fi
	if is_changed '*/keepalived.conf' '*/ha-nfs-keepalived.service'; then
		accept keepalived -t -f /etc/ha-nfs/keepalived.conf
		reload_units ha-nfs-keepalived.service
		activate systemctl reload-or-restart ha-nfs-keepalived.service
	fi
	enable_unit ha-nfs-haproxy.service
	enable_unit ha-nfs-keepalived.service
}

remove() {
	disable_unit ha-nfs-keepalived.service
	disable_unit ha-nfs-haproxy.service
	files
}

verify() {
	files
	systemctl --quiet is-active ha-nfs-haproxy.service || drift "ha-nfs-haproxy.service is down"
	systemctl --quiet is-active ha-nfs-keepalived.service || drift "ha-nfs-keepalived.service is down"
}
