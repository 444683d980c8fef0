# shellcheck shell=bash
# Keepalived on one master: its configuration and its unit.
: "${VRRP_CONF:?}" "${VRRP_UNIT:?}" "${OTHERS:?}"

unit=ha-nfs-keepalived.service

files() {
	put /etc/ha-nfs/keepalived.conf 644 "$VRRP_CONF"
	put /etc/systemd/system/$unit 644 "$VRRP_UNIT"
}

apply() {
	files
	! is_changed '*/keepalived.conf' || accept keepalived --config-test --vrrp -f /etc/ha-nfs/keepalived.conf
	reload_units $unit
	# shellcheck disable=SC2086 # units
	take_over_from $OTHERS
	enable_unit $unit
	! is_changed '*/keepalived.conf' || ! systemctl --quiet is-active $unit || activate systemctl reload $unit
	systemctl start --no-block $unit # it may wait for the peer
	wait_until 60 "keepalived runs" systemctl --quiet is-active $unit
}

remove() {
	disable_unit $unit
	files
}

verify() {
	files
	systemctl --quiet is-active $unit || drift "$unit is down"
}
