# shellcheck shell=bash
# What a master on EC2 runs to claim the address and to stop the other's instance, with credentials that are always fresh.
: "${AWS_CONF:?}" "${NODE_PY:?}" "${EC2_PY:?}" "${CLAIM_ADDRESS:?}" "${FENCE_EC2:?}" "${CREDENTIALS:?}"
: "${CREDENTIALS_UNIT:?}" "${CREDENTIALS_TIMER:?}"

lib=/usr/local/lib/ha-nfs
timer=ha-nfs-aws-credentials.timer

files() {
	put /etc/ha-nfs/aws.conf 644 "$AWS_CONF"
	[[ $action != apply || -e $lib/node.py ]] || put "$lib/node.py" 644 "$NODE_PY" # the doors', whose script keeps it new
	put "$lib/ec2.py" 644 "$EC2_PY"
	put "$lib/claim-address" 755 "$CLAIM_ADDRESS"
	put "$lib/fence-ec2" 755 "$FENCE_EC2"
	put "$lib/aws-credentials" 755 "$CREDENTIALS"
	put "/etc/systemd/system/${timer%.timer}.service" 644 "$CREDENTIALS_UNIT"
	put "/etc/systemd/system/$timer" 644 "$CREDENTIALS_TIMER"
}

apply() {
	local complaint missing
	missing=$(missing_packages curl)
	[[ -z $missing ]] || install_packages curl
	files
	reload_units "${timer%.timer}.service" "$timer"
	complaint=$("$lib/aws-credentials" 2>&1) || die "there are no credentials for EC2: $complaint. The instance needs its role (an instance profile)"
	enable_unit "$timer"
	systemctl start "$timer"
	complaint=$("$lib/fence-ec2" status "$(uname -n)" 2>&1) || die "EC2 does not tell this instance's state: $complaint"
}

remove() {
	disable_unit "$timer"
	files
	rm -f /run/ha-nfs/aws-credentials
}

verify() {
	files
	systemctl --quiet is-active "$timer" || drift "$timer is down"
}
