# shellcheck shell=bash
# The door and what it imports, the same on the masters and on their witness.
: "${NODE_PY:?}" "${RULES_PY:?}" "${WIRE_PY:?}" "${DOOR:?}"

lib=/usr/local/lib/ha-nfs

door_files() {
	put $lib/node.py 644 "$NODE_PY"
	put $lib/rules.py 644 "$RULES_PY"
	put $lib/wire.py 644 "$WIRE_PY"
	put $lib/door 755 "$DOOR"
	[[ $action != remove ]] || rm -rf $lib/__pycache__ # what Python has compiled of these, and of the guard's
}
