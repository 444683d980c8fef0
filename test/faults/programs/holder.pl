#!/usr/bin/perl
# Takes a lock on a file of the share again and again; while it has it, adds 1 to the number in the file, fsync'ed, and
# keeps the lock a little longer. Prints `taken released number`, in seconds since 1970, for each time: released is when
# it was about to give the lock up, or has learnt that it is lost; number is what it has written, or the word of what
# went wrong. Ends when its stdin does.
# usage: holder.pl FILE MILLISECONDS-HELD
use strict;
use warnings;
use Fcntl qw(:DEFAULT :flock :seek);
use IO::Handle;
use Time::HiRes qw(time sleep);

my ( $file, $held ) = @ARGV;
STDOUT->autoflush(1);
STDIN->blocking(0);
for ( ; ; ) {
    my $got = sysread STDIN, my $byte, 1;
    last if defined $got && $got == 0;
    if ( !sysopen my $lock, $file, O_RDWR | O_CREAT ) {
        sleep 0.2;
    }
    elsif ( !flock $lock, LOCK_EX | LOCK_NB ) {
        sleep 0.02;
    }
    else {
        my $taken  = time;
        my $text   = '';
        sysread $lock, $text, 20;
        my $number = $text =~ /^(\d+)/ ? $1 + 1 : 1;
        my $done   = sysseek( $lock, 0, SEEK_SET ) && syswrite( $lock, sprintf "%019d\n", $number ) && $lock->sync;
        $number = 'failed:' . ( $! =~ tr/ /_/r ) if !$done;
        sleep $held / 1000 if $done;
        printf "%.3f %.3f %s\n", $taken, time, $number;
        close $lock;
        sleep 0.03;
    }
}
