#!/usr/bin/perl
# The drill's second client: each time it makes a new file, takes a lock on it, writes and closes it, and prints `number
# begun acknowledged` (seconds since 1970) when the server has agreed to all of that. Ends when its stdin does.
# usage: fresh.pl DIRECTORY MILLISECONDS-BETWEEN-FILES
use strict;
use warnings;
use Fcntl qw(:DEFAULT :seek);
use IO::Handle;
use Time::HiRes qw(time sleep);

my ( $directory, $interval ) = @ARGV;
my $lock = pack 's s x!8 q q l x!8', F_WRLCK, SEEK_SET, 0, 0, 0;    # struct flock of a 64-bit Linux: the whole file
STDOUT->autoflush(1);
STDIN->blocking(0);
for ( my $number = 1 ; ; $number++ ) {
    my $begun = time;
    sysopen my $file, "$directory/$number", O_WRONLY | O_CREAT or die "cannot make file $number: $!\n";
    fcntl $file, F_SETLKW, $lock or die "cannot lock file $number: $!\n";
    defined syswrite( $file, "$number\n" ) or die "cannot write file $number: $!\n";
    close $file or die "cannot close file $number: $!\n";
    printf "%d %.3f %.3f\n", $number, $begun, time;
    my $got = sysread STDIN, my $byte, 1;
    last if defined $got && $got == 0;
    my $rest = $interval / 1000 - ( time - $begun );
    sleep $rest if $rest > 0;
}
