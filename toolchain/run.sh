#!/usr/bin/env bash
# Runs a verb of toolchain/main.ts. The only file that runs before node_modules exist, so it makes them.
# Usage: toolchain/run.sh VERB [arguments]
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

readonly STAMP=node_modules/.ha-nfs-lock

check_node() {
	local found
	found=$(node --version 2>/dev/null) || found="no Node.js"
	if [[ $found =~ ^v([0-9]+)\.([0-9]+)\. ]]; then
		local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
		((major > 22 || major == 22 && minor >= 12 || major == 20 && minor >= 19)) && return
	fi
	echo "error: found $found, but Node.js 20.19 or later, or 22.12 or later, is needed: install it and put it on PATH" >&2
	exit 1
}

lock_hash() {
	sha256sum package-lock.json | cut -d ' ' -f 1
}

installed() {
	[[ -f $STAMP && $(<"$STAMP") == "$(lock_hash)" ]]
}

install() {
	local log
	exec 9<package-lock.json
	flock 9
	installed && return
	echo "installing the npm packages of package-lock.json" >&2
	if ! log=$(npm ci --no-audit --no-fund 9<&- 2>&1); then
		printf '%s\nerror: npm ci failed: see above\n' "$log" >&2
		exit 1
	fi
	lock_hash >"$STAMP"
	exec 9<&-
}

check_node
installed || install
exec node --import tsx toolchain/main.ts "$@"
