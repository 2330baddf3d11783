# shellcheck shell=sh
# The second half of the supervisor, behind far-end.sh: what runs on rank 0's host, and which half is wanted.
# Its state is files in DIR, for whoever asks: see observation.ts and log-script.ts.

leader_alive() { kill -0 "$LEADER" 2>/dev/null; }

# Where a span is measured: clocks may jump.
uptime_seconds() { cut -d. -f1 /proc/uptime; }

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
      closed) echo "$rest $(uptime_seconds)" >"rank-$1.closed.new" && mv "rank-$1.closed.new" "rank-$1.closed" ;;
    esac
  done
}

# Each read becomes one write at once; nothing is lost at rotation, and rank-K.rotated counts the bytes that went before rank-K.log.
# The order of the three steps leaves no doubt, wherever a reader or a crash comes in between: without rank-K.log the count to come
# is in rank-K.rotated.new if that is there, else in rank-K.rotated.
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
      echo $((before + size)) >"rank-$1.rotated.new" && mv "rank-$1.log" "rank-$1.log.1" &&
        mv "rank-$1.rotated.new" "rank-$1.rotated"
    fi
  done
}

# Logs have no times of their own: rank-K.times says when (seconds since 1970) how many bytes had been written.
note_times() {
  now=$(date +%s)
  for log in rank-*.log; do
    rank=${log%.log}
    before=$(cat "$rank.rotated" 2>/dev/null || echo 0)
    size=$(stat -c %s "$log" 2>/dev/null) || continue
    case $(tail -n 1 "$rank.times" 2>/dev/null) in
      *" $((before + size))") ;;
      *) echo "$now $((before + size))" >>"$rank.times" ;;
    esac
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
  [ $(($(uptime_seconds) - closed_at)) -gt 10 ]
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
    [ $((TURN % 80)) -ne 1 ] || note_times
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
