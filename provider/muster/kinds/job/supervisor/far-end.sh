#!/bin/sh
# Keeps the ranks of one job together. POSIX sh only: it runs on hosts (dash) and inside containers (dash, bash, busybox ash).
# One program in two files, this one and leader.sh behind it.
#
#   supervisor lead DIR   on rank 0's host, detached: opens one channel a rank and watches them. Its state is files in DIR.
#   supervisor rank       at the far end of a channel: starts the rank, beats, ends its whole group when the channel goes away.
#   supervisor launch     becomes the rank itself, in a session of its own.
#   supervisor sweep      at the far end of a channel: ends what an earlier rank left behind.
#
# DIR holds, written by the operator: gang (JOB MODE RANKS GRACE), and per rank K: rank-K.meta (MARK GRACE CONTAINER),
# rank-K.launch (environment, directory and command; may hold secrets, removed once sent), rank-K.channel (how to get there).
# Far end to leader, on standard output: started PID, beat, exit CODE WHY, clean, left PIDS. Standard error is the log.
# Leader to far end, on standard input: a header (sizes and role), the two files, then beat or stop, once a second.
set -u
umask 077

BEATS_MISSED=20        # seconds of silence after which the other end counts as lost
SETTLE_NAPS=12         # naps that the other ranks get to report for themselves after the first failure
LOG_LIMIT=33554432     # bytes of a log before it becomes log.1

nap() { sleep 0.25 2>/dev/null || sleep 1; }

# Clock ticks after boot at which process $1 started: with the boot's id this names a process for ever.
start_ticks() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# ---------------------------------------------------------------------------------------------------------- far end

# Live processes of the job: those that carry its mark, and those of the rank's session (some programs overwrite their environment).
members() {
  if [ "$GREP_READS_NUL" = 1 ]; then
    grep -lF "MUSTER_JOB=$MARK" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
  else
    for process in /proc/[0-9]*; do
      { tr '\0' '\n' <"$process/environ" | grep -qF "MUSTER_JOB=$MARK"; } 2>/dev/null && echo "${process#/proc/}"
    done
  fi
  if [ -n "${SESSION:-}" ]; then
    sed -n "s/^\\([0-9]*\\) (.*) [^ZX] [0-9-]* [0-9-]* $SESSION .*/\\1/p" /proc/[0-9]*/stat 2>/dev/null
  fi
}

signal_members() {
  for pid in $(members); do kill -s "$1" "$pid" 2>/dev/null; done
}

# Ends every member and proves it: prints "clean", or "left" and the process ids.
end_group() {
  if [ -n "$(members)" ]; then
    signal_members TERM
    signal_members CONT # a stopped process takes TERM only when it goes on
    naps=$((GRACE * 4))
    while [ "$naps" -gt 0 ] && [ -n "$(members)" ]; do nap; naps=$((naps - 1)); done
    naps=40
    while [ "$naps" -gt 0 ] && [ -n "$(members)" ]; do signal_members KILL; nap; naps=$((naps - 1)); done
  fi
  left=$(members | sort -un | tr '\n' ' ')
  if [ -z "$left" ]; then echo clean; else echo "left $left"; fi
}

# The environment that the container was started with: an ssh session does not have it.
adopt_container_environment() {
  newline_mark=$(printf '\001')
  tr '\0\n' '\n\001' </proc/1/environ >environ.1 2>/dev/null || return 0
  while IFS= read -r pair; do
    name=${pair%%=*}
    case $name in '' | [0-9]* | *[!A-Za-z0-9_]* | MUSTER_JOB) continue ;; esac
    case $pair in
      *"$newline_mark"*) export "$name=$(printf '%s' "${pair#*=}" | tr '\001' '\n')" ;;
      *) export "${pair?}" ;;
    esac
  done <environ.1
  rm -f environ.1
}

launch() {
  # shellcheck source=/dev/null
  . ./run
  rm -f ./run
  [ "$CONTAINER" = 1 ] && adopt_container_environment
  start_rank
}

# Reads the leader's words. It outlives the rank's runner if that is killed, and then ends the group itself.
watch_leader() {
  while read -r word <&3; do
    kill -0 "$1" 2>/dev/null || break
    case $word in
      beat) : >heard ;;
      stop) echo stopped >ask ;;
    esac
  done
  if kill -0 "$1" 2>/dev/null; then
    [ -e ask ] || echo lost >ask
  else
    SESSION=$(cat pid 2>/dev/null)
    end_group >/dev/null
    rm -rf "$HERE"
  fi
}

rank() {
  # Background jobs get no standard input, so the channel is kept as descriptor 3.
  exec 3<&0
  (
    MUSTER_JOB=$MARK setsid sh ./supervisor launch </dev/null >&2 3<&- &
    echo $! >pid.new && mv pid.new pid
    wait $!
    echo $? >code.new && mv code.new code
  ) 3<&- &
  while [ ! -e pid ]; do nap; done
  SESSION=$(cat pid)
  watch_leader $$ >/dev/null &
  watcher=$!
  trap '' PIPE # a closed channel is noticed by the watcher, not by dying
  trap 'echo stopped >ask' TERM INT
  trap '[ -e ask ] || echo lost >ask' HUP
  echo "started $SESSION $(start_ticks "$SESSION")"
  naps=0 quiet=0
  while [ ! -e code ] && [ ! -e ask ]; do
    nap
    naps=$((naps + 1))
    [ $((naps % 4)) -eq 0 ] || continue
    echo beat 2>/dev/null || echo lost >ask
    if [ -e heard ]; then rm -f heard && quiet=0; else quiet=$((quiet + 1)); fi
    [ "$quiet" -lt "$BEATS_MISSED" ] || echo lost >ask
  done
  if [ -e code ]; then code=$(cat code) why=own; else code=- why=$(cat ask); fi
  # What the rank left behind ends with it, whatever its exit code was.
  proof=$(end_group)
  kill "$watcher" 2>/dev/null
  cd / && rm -rf "$HERE"
  # The channel may be gone; then nobody hears this.
  { echo "exit $code $why" && echo "$proof"; } 2>/dev/null
}
