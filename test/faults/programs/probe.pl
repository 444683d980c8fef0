#!/usr/bin/perl
# What a master holds, 20 times a second, from files of the kernel that take no lock: `boot ID`, then lines
# `seconds address threads role suspended`: seconds by the clock that nobody sets, 0|1, nfsd's threads, DRBD's role or
# `-`, 0|1: whether DRBD's I/O is frozen. Ends when nobody listens.
# usage: probe.pl ADDRESS MINOR MILLISECONDS
use strict;
use warnings;
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

my ( $address, $minor, $interval ) = @ARGV;
$| = 1;

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/ = undef;
    return <$in> // '';
}

print 'boot ', slurp('/proc/sys/kernel/random/boot_id');
for ( ; ; ) {
    my $now = clock_gettime(CLOCK_MONOTONIC);
    my ($state)   = slurp('/proc/drbd') =~ /^ *$minor: (.*)$/m;
    my ($role)    = ( $state   // '' ) =~ /ro:(\w+)/;
    my ($flags)   = ( $state   // '' ) =~ / ([-\w]{6,}) *$/;
    my ($threads) = slurp('/proc/net/rpc/nfsd') =~ /^th (\d+)/m;
    my $held = slurp('/proc/net/fib_trie') =~ /-- \Q$address\E\n/ ? 1 : 0;
    my $suspended = ( $flags // '' ) =~ /^s/ ? 1 : 0;
    printf "%.3f %d %d %s %d\n", $now, $held, $threads // 0, $role // '-', $suspended or last;
    my $rest = $interval / 1000 - ( clock_gettime(CLOCK_MONOTONIC) - $now );
    sleep $rest if $rest > 0;
}
