#!/bin/sh
# Written by muster from the cluster file. Changes here are undone by the next up.
#
#   start.sh           the container's command: starts sshd.sh, and again whenever that ends. Jobs in the container go on meanwhile.
#   start.sh restart   ends the sshd that listens, so that another one starts at once, by the files of now. Open sessions stay.
set -u

loop=/run/muster-start.pid
listener=/run/muster-sshd.pid

# Process ids come back: is_process PID WORD looks whether it is still what it was.
is_process() { { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null | grep -qF "$2"; }

if [ "${1:-}" = restart ]; then
  if read -r pid <"$listener" && is_process "$pid" sshd; then kill -s KILL "$pid"; fi
  if read -r pid <"$loop" && is_process "$pid" start.sh; then
    kill -s CONT "$pid" && kill -s USR1 "$pid"
    exit
  fi
  echo "start.sh does not run" >&2
  exit 1
fi

echo $$ >"$loop"
child='' nap='' ending='' delay=0
trap 'ending=yes; kill ${child:+"$child"} ${nap:+"$nap"} 2>/dev/null' TERM INT
trap 'delay=0; kill ${nap:+"$nap"} 2>/dev/null' USR1
until [ -n "$ending" ]; do
  read -r began _ </proc/uptime
  sh /etc/muster/sshd.sh &
  child=$!
  echo "$child" >"$listener"
  # A signal ends the waiting early.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  child=''
  [ -z "$ending" ] || break
  read -r ended _ </proc/uptime
  # At once after a long life, later and later if it cannot start.
  if [ $((${ended%.*} - ${began%.*})) -ge 10 ]; then delay=0; else delay=$((delay * 2 + 1)); fi
  [ "$delay" -le 30 ] || delay=30
  echo "sshd ended; it is started again in $delay s" >&2
  sleep "$delay" &
  nap=$!
  wait "$nap"
  nap=''
done
