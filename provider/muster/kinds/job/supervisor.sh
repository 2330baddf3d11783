#!/bin/sh
# Keeps the ranks of one job together. POSIX sh only: it runs on hosts (dash) and inside containers (dash, bash, busybox ash).
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

# ----------------------------------------------------------------------------------------------------------- leader

leader_alive() { kill -0 "$LEADER" 2>/dev/null; }

feed() {
  echo "$(wc -c <supervisor) $(cat "rank-$1.meta" "rank-$1.launch" | wc -c) rank"
  cat supervisor "rank-$1.meta" "rank-$1.launch" 2>/dev/null
  rm -f "rank-$1.launch"
  naps=0
  while leader_alive && [ ! -e "rank-$1.closed" ]; do
    if [ -e halt ]; then
      echo stop
      naps=0
    elif [ $((naps % 4)) -eq 0 ]; then
      echo beat
    fi
    nap
    naps=$((naps + 1))
  done
}

control() {
  while read -r word rest; do
    case $word in
      beat) : >"rank-$1.beat" ;;
      started) echo "$rest" >"rank-$1.pid" ;;
      exit) echo "$rest $(date +%s)" >"rank-$1.exit.new" && mv "rank-$1.exit.new" "rank-$1.exit" ;;
      clean) : >"rank-$1.clean" ;;
      left) echo "$rest" >"rank-$1.left" ;;
      closed) echo "$rest $(date +%s)" >"rank-$1.closed.new" && mv "rank-$1.closed.new" "rank-$1.closed" ;;
    esac
  done
}

# Each read becomes one write at once; nothing is lost at rotation, and rank-K.rotated counts the bytes that went before rank-K.log.
keep_log() {
  while :; do
    # The folder may be gone under a leader that was killed: then the rest is only drained.
    if ! true >>"rank-$1.log"; then
      cat >/dev/null
      break
    fi
    # dd's own report tells the end of input; kept in memory, for the disk may be full.
    report=$(LC_ALL=C dd bs=65536 count=256 2>&1 >>"rank-$1.log")
    case " $report" in *[!0-9]0+0\ records\ in*) break ;; esac
    size=$(wc -c <"rank-$1.log")
    if [ "$size" -ge "$LOG_LIMIT" ]; then
      before=$(cat "rank-$1.rotated" 2>/dev/null || echo 0)
      mv "rank-$1.log" "rank-$1.log.1" && echo $((before + size)) >"rank-$1.rotated"
    fi
  done
}

channel() {
  {
    {
      feed "$1" | {
        # The shell writes its own id, then becomes the channel.
        sh -c "echo \$\$ >rank-$1.through; exec sh ./rank-$1.channel" 2>&4 4>&-
        echo "closed $?"
      } | control "$1"
    } 4>&1 | keep_log "$1"
  } 2>>leader.log
  : >"rank-$1.ended"
}

# The same way again, to end what a lost channel may have left.
sweep_rank() {
  {
    echo "$(wc -c <supervisor) $(wc -c <"rank-$1.meta") sweep"
    cat supervisor "rank-$1.meta"
  } | timeout $((GRACE + 20)) sh "./rank-$1.channel" 2>>leader.log | grep -q '^clean' && : >"rank-$1.clean"
}

# Sets RUNNING, and CAUSE ("K CODE WHY") at the first rank that ended when it should not have.
look() {
  RUNNING=0
  k=0
  while [ "$k" -lt "$RANKS" ]; do
    if [ -e "rank-$k.exit" ]; then
      read -r code why _ <"rank-$k.exit"
      if [ "$why" = own ] && { [ "$code" != 0 ] || [ "$MODE" = ready ]; }; then blame "$k" "$code" exit; fi
      [ "$why" = lost ] && blame "$k" - lost
    elif [ -e "rank-$k.closed" ]; then
      read -r code _ <"rank-$k.closed"
      blame "$k" "$code" channel
    elif [ -e "rank-$k.beat" ] && [ $((TURN % 4)) -eq 0 ]; then
      rm -f "rank-$k.beat" "rank-$k.quiet"
    elif [ $((TURN % 4)) -eq 0 ]; then
      quiet=$(($(cat "rank-$k.quiet" 2>/dev/null || echo 0) + 1))
      echo "$quiet" >"rank-$k.quiet"
      if [ "$quiet" -ge $((BEATS_MISSED + GRACE)) ]; then
        blame "$k" - silent
        kill "$(cat "rank-$k.through" 2>/dev/null)" 2>/dev/null
      fi
    fi
    [ -e "rank-$k.ended" ] || channel_over "$k" || RUNNING=$((RUNNING + 1))
    k=$((k + 1))
  done
}

# A process that would not die may hold the log open for ever: some seconds after its channel closed a rank is over.
channel_over() {
  [ -e "rank-$1.closed" ] || return 1
  read -r _ closed_at <"rank-$1.closed"
  [ $(($(date +%s) - closed_at)) -gt 10 ]
}

blame() { [ -n "$CAUSE" ] || CAUSE="$1 $2 $3"; }

lead() {
  cd "$1" || exit 1
  # shellcheck source=/dev/null
  . ./gang
  LEADER=$$
  echo "$$ $(start_ticks $$) $(cat /proc/sys/kernel/random/boot_id)" >leader
  trap ': >stop' TERM INT
  trap '' HUP
  k=0
  while [ "$k" -lt "$RANKS" ]; do
    channel "$k" &
    k=$((k + 1))
  done
  CAUSE='' TURN=0 since_cause=0 since_halt=0
  while :; do
    TURN=$((TURN + 1))
    look
    [ "$RUNNING" -gt 0 ] || break
    [ -e stop ] && : >halt
    if [ -n "$CAUSE" ]; then
      since_cause=$((since_cause + 1))
      [ "$since_cause" -lt "$SETTLE_NAPS" ] || : >halt
    fi
    if [ -e halt ]; then
      since_halt=$((since_halt + 1))
      if [ "$since_halt" -eq $(((GRACE + 15) * 4)) ]; then
        for file in rank-*.through; do kill "$(cat "$file")" 2>/dev/null; done
      fi
    fi
    nap
  done
  k=0 sweeps=''
  while [ "$k" -lt "$RANKS" ]; do
    if [ ! -e "rank-$k.clean" ]; then
      sweep_rank "$k" &
      sweeps="$sweeps $!"
    fi
    k=$((k + 1))
  done
  # shellcheck disable=SC2086 # a list of process ids
  [ -z "$sweeps" ] || wait $sweeps
  if [ -e stop ]; then
    status=stopped
  elif [ -n "$CAUSE" ]; then
    status=failed
  else
    status=completed
  fi
  echo "$status $(date +%s) ${CAUSE:-- - -}" >"done.new" && mv "done.new" "done"
}

role=$1
case $role in
  lead) lead "$2" ;;
  rank | launch | sweep)
    HERE=$PWD SESSION=''
    # Busybox's grep stops at the first NUL of a line; then each environment is read by itself.
    if printf 'a\0b\n' | grep -qF b; then GREP_READS_NUL=1; else GREP_READS_NUL=0; fi
    if [ "$role" = launch ]; then
      launch
    else
      # shellcheck source=/dev/null
      . ./run
      if [ "$role" = rank ]; then rank; else
        end_group
        cd / && rm -rf "$HERE"
      fi
    fi
    ;;
esac
