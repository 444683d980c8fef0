# shellcheck shell=bash
# Our part of Pacemaker's CIB, which is the pair's: one master loads it, once both are there. The first of two that are new
# would start the service, and the other may have it.
: "${PEER:?}" "${CIB:?}"

now=/run/ha-nfs/cib
wanted=/run/ha-nfs/cib.wanted

has_peer() { [[ " $(crm_node --partition 2>/dev/null) " == *" $PEER "* ]] && crmadmin --dc_lookup >/dev/null 2>&1; }

# make_wanted: the CIB as it is to be. All that is not ours in it stays as it is now.
make_wanted() {
	cibadmin --query >$now && cp $now $wanted || return
	(export CIB_file=$wanted && write_ours >/run/ha-nfs/cib.log 2>&1)
}

write_ours() {
	local scope id xml ids=' '
	while read -r scope id xml; do
		ids+="$id "
		if cibadmin --query --xpath "//configuration/$scope/*[@id='$id']" >/dev/null 2>&1; then
			cibadmin --replace --xpath "//configuration/$scope/*[@id='$id']" --xml-text "$xml" || return
		else
			cibadmin --create --scope "$scope" --xml-text "$xml" || return
		fi
	done < <(printf %s "$CIB")
	# a constraint goes before what it speaks of
	for id in $(ours | tac); do
		[[ $ids == *" $id "* ]] || cibadmin --delete --force --xpath "//configuration/*/*[@id='$id']" || return
	done
}

ours() { cibadmin --query --no-children --xpath "//configuration/*/*[starts-with(@id,'ha-nfs-')]" | grep -o ' id="[^"]*"' | cut -d '"' -f 2; }

# Pacemaker changes the order of what it writes anew.
is_loaded() {
	local diff code=0
	diff=$(crm_diff --no-version --original $now --new $wanted) || code=$?
	((code == 0)) || { ((code == 1)) && [[ $diff == *'operation="move"'* && $diff != *operation=\"@(create|delete|modify)\"* ]]; }
}

# Who was in the pair before: members of the cluster that our nodelist has no more. Remote nodes are the site's.
former() {
	local name conf=/etc/corosync/corosync.conf
	grep -qs 'made by ha-nfs' $conf || return 0
	while read -r name; do
		grep -q "^ *name: $name$" $conf || printf '%s\n' "$name"
	done < <(cibadmin --query --no-children --xpath "//configuration/nodes/node[not(@type) or @type='member']" 2>/dev/null |
		sed -nE 's/.* uname="([^"]*)".*/\1/p')
}

forget_former() {
	local name
	for name in $(former); do
		crm_node --force --remove "$name" >/run/ha-nfs/cib.log 2>&1 || die "Pacemaker does not forget $name: $(tail -n 3 /run/ha-nfs/cib.log)"
		log "$name is in the cluster no more"
	done
}

# in one step: with the service there is all that says where it may run
apply() {
	wait_until 60 "Pacemaker sees $PEER" has_peer
	forget_former
	make_wanted || die "cannot make the CIB: $(tail -n 3 /run/ha-nfs/cib.log)"
	! is_loaded || return 0
	CIB_file=$wanted cibadmin --query --scope configuration >$wanted.configuration
	cibadmin --replace --scope configuration --xml-file $wanted.configuration || die "Pacemaker does not take the CIB"
	log "loaded the CIB"
}

remove() { :; } # it goes with the last of the nodes' own: pacemaker.sh

verify() {
	make_wanted || die "cannot read the CIB: $(tail -n 3 /run/ha-nfs/cib.log)"
	is_loaded || drift "the CIB differs"
	[[ -z $(former) ]] || drift "the cluster still has $(former)"
}
