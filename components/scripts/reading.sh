# shellcheck shell=bash
# Whether the read address serves, asked from another host than the proxies: HTTP from a slave that is within the lag
# limit, and NFS.
: "${VIP:?}" "${PATIENCE:?}" "${SOURCE:?}"

# A slave answers 404 for /; the proxy alone would say 503.
serves_http() {
	local line
	exec 3<>"/dev/tcp/$VIP/80" || return
	printf 'GET / HTTP/1.0\r\n\r\n' >&3
	read -r -t 10 line <&3
	exec 3>&-
	[[ $line == *" 404 "* ]]
}
answers() { (serves_http) 2>/dev/null; }

apply() {
	wait_until "$PATIENCE" "a slave answers at $VIP" answers
	can_mount "$SOURCE" || die "HTTP answers at $VIP, but $SOURCE cannot be mounted from here"
}

remove() { :; }

verify() { answers || drift "no slave answers at $VIP"; }
