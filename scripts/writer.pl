#!/usr/bin/perl
# The drill's client: appends numbered records to a file, each fsync'ed, and prints `number begun acknowledged` (seconds
# since 1970) for each one that the server has acknowledged. Ends when its stdin does.
# usage: writer.pl FILE MILLISECONDS-BETWEEN-RECORDS
use strict;
use warnings;
use IO::Handle;
use Time::HiRes qw(time sleep);

my ( $file, $interval ) = @ARGV;
open my $out, '>>', $file or die "cannot open $file: $!\n";
STDOUT->autoflush(1);
STDIN->blocking(0);
for ( my $number = 1 ; ; $number++ ) {
    my $begun = time;
    my $line  = sprintf "%08d %s\n", $number, 'x' x 54;
    defined syswrite( $out, $line ) or die "cannot write record $number: $!\n";
    $out->sync or die "cannot sync record $number: $!\n";
    printf "%d %.3f %.3f\n", $number, $begun, time;
    my $got = sysread STDIN, my $byte, 1;
    last if defined $got && $got == 0;
    my $rest = $interval / 1000 - ( time - $begun );
    sleep $rest if $rest > 0;
}
