#!/usr/bin/perl
# What passes a bridge from an address's TCP port, one line a frame: `seconds source-MAC payload-bytes flags
# client:port/sequence`, seconds since 1970. To be run in the bridge's network namespace, as root; this machine's own Perl
# is enough. Ends with its stdin.
# usage: capture.pl BRIDGE ADDRESS PORT
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

# Numbers of Linux: linux/if_packet.h, linux/if_ether.h, linux/if.h.
use constant { AF_PACKET => 17, ETH_P_IP => 0x0800, ETH_P_ALL => 0x0003, SOL_PACKET => 263, TCP => 6 };
use constant { PACKET_ADD_MEMBERSHIP => 1, PACKET_MR_PROMISC => 1, SIOCGIFINDEX => 0x8933 };

my ( $bridge, $address, $port ) = @ARGV;
my $wanted = inet_aton($address);
socket my $tap, AF_PACKET, SOCK_RAW, unpack( 'S', pack 'n', ETH_P_ALL ) or die "no packet socket: $!\n";
my $request = pack 'a16 i x20', $bridge, 0;
ioctl $tap, SIOCGIFINDEX, $request or die "no $bridge: $!\n";
my $index = unpack 'x16 i', $request;
bind $tap, pack( 'S n i S C C a8', AF_PACKET, ETH_P_ALL, $index, 0, 0, 0, '' ) or die "cannot bind: $!\n";
# a bridge hands up what it only passes on when it is promiscuous
setsockopt $tap, SOL_PACKET, PACKET_ADD_MEMBERSHIP, pack( 'i S S a8', $index, PACKET_MR_PROMISC, 0, '' )
  or die "not promiscuous: $!\n";
setsockopt $tap, SOL_SOCKET, SO_RCVBUF, 8 << 20;
$| = 1;
print "ready\n";
for ( ; ; ) {
    my $read = '';
    vec( $read, fileno $tap,  1 ) = 1;
    vec( $read, fileno STDIN, 1 ) = 1;
    select $read, undef, undef, undef;
    last if vec( $read, fileno STDIN, 1 ) && !sysread STDIN, my $byte, 1;
    next if !vec( $read, fileno $tap, 1 );
    next if !defined recv $tap, my $frame, 128, MSG_TRUNC;
    my $now = time;
    next if length $frame < 54 || unpack( 'x12 n', $frame ) != ETH_P_IP;
    my ( $first, $total, $protocol, $source, $client ) = unpack 'x14 C x n x5 C x2 a4 a4', $frame;
    my $header = 4 * ( $first & 15 );
    next if $protocol != TCP || $source ne $wanted;
    my ( $from, $to, $sequence, $offset, $flags ) = unpack 'n n N x4 C C', substr $frame, 14 + $header;
    next if $from != $port;
    my $payload = $total - $header - 4 * ( $offset >> 4 );
    my $mac     = join ':', unpack '(H2)*', substr $frame, 6, 6;
    printf "%.6f %s %d %d %s:%d/%d\n", $now, $mac, $payload, $flags, inet_ntoa($client), $to, $sequence;
}
