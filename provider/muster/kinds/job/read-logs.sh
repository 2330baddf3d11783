# shellcheck shell=sh
# Tells what the ranks of a job have written, and goes on telling while the job runs. Read-only; POSIX sh, with GNU or busybox tools.
# Comes behind assignments (log-reading.ts): folder, run (incarnation that the offsets belong to), ranks (numbers, empty: all),
# at_K (bytes of rank K that the reader has), lines (at most so many at the beginning, -1: all), since (seconds since 1970, or empty),
# age (seconds before now, or empty), follow (1 or 0).
#
# Answers, a line each:  job BASE64 | at K OFFSET | data K OFFSET BASE64 | beat | end STATUS TIME RANK CODE WHY | lost | more | moved | absent | again
# An offset counts the bytes of a rank over all rotations, from the beginning of the run.
set -u

PART=1048576  # bytes of a log in one line of answer
TURNS=7200    # half seconds until the reader has to ask again: one that is gone for good must not be served for ever

if cd "$folder" 2>/dev/null; then record=$(cat job.json 2>/dev/null); else record=''; fi
[ -n "$record" ] || { echo absent; exit 0; }
echo "job $(printf %s "$record" | base64 | tr -d '\n')"
case $record in *"\"incarnation\":\"$run\""*) known=1 ;; *) known=0 ;; esac
[ -z "$age" ] || since=$(($(date +%s) - age))

# A new run of the job has taken the place of this one, or the job was removed.
is_same_run() { [ "$(cat job.json 2>/dev/null)" = "$record" ]; }

# A process is the leader only with the same start time under the same boot: process ids come back.
is_supervised() {
  read -r pid start boot 2>/dev/null <leader || return 1
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] &&
    [ "$start" = "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -d' ' -f20)" ]
}

# Sets base: how many bytes went before rank-K.log. See keep_log in supervisor/leader.sh.
find_base() {
  base=''
  [ -e "rank-$1.log" ] || read -r base 2>/dev/null <"rank-$1.rotated.new"
  [ -n "$base" ] || read -r base 2>/dev/null <"rank-$1.rotated"
  [ -n "$base" ] || base=0
}

# Where a reader that has nothing yet begins. Descriptor 3: rank-K.log, 4: rank-K.log.1.
first_offset() {
  tail_bytes=$((size + older))
  [ "$lines" -lt 0 ] || tail_bytes=$({ head -c "$older" /dev/fd/4; head -c "$size" /dev/fd/3; } | tail -n "$lines" | wc -c)
  first=$((base + size - tail_bytes))
  [ -n "$since" ] || return 0
  noted=0
  [ ! -e "rank-$1.times" ] || while read -r when bytes; do [ "$when" -gt "$since" ] || noted=$bytes; done <"rank-$1.times"
  [ "$noted" -le "$first" ] || first=$noted
}

# tell_part K DESCRIPTOR OFFSET SKIP COUNT: so many bytes of an open file, after the first SKIP.
tell_part() {
  offset=$3 skip=$4 left=$5
  while [ "$left" -gt 0 ]; do
    part=$left
    [ "$part" -le "$PART" ] || part=$PART
    # By its path the file is opened anew, at its beginning, whatever its name is by now.
    echo "data $1 $offset $(tail -c "+$((skip + 1))" "/dev/fd/$2" | head -c "$part" | base64 | tr -d '\n')" || exit 0
    offset=$((offset + part)) skip=$((skip + part)) left=$((left - part))
  done
}

# tell_opened K: what is new of a rank, from the open logs. When they are rotated in between, nothing: the next turn finds them in peace.
tell_opened() {
  find_base "$1"
  size=$(stat -L -c %s /dev/fd/3) older=$(stat -L -c %s /dev/fd/4)
  if [ -e "rank-$1.log" ] || [ "$size" -gt 0 ]; then
    [ "$(stat -L -c %i /dev/fd/3)" = "$(stat -c %i "rank-$1.log")" ] || return 1
  fi
  is_same_run || return 1
  eval "at=\${at_$1:-}"
  if [ -z "$at" ]; then
    first_offset "$1"
    at=$first
    echo "at $1 $at" || exit 0
  fi
  oldest=$((base - older))
  [ "$at" -ge "$oldest" ] || at=$oldest
  if [ "$at" -lt "$base" ]; then
    tell_part "$1" 4 "$at" $((at - oldest)) $((base - at))
    at=$base
  fi
  if [ $((at - base)) -lt "$size" ]; then
    tell_part "$1" 3 "$at" $((at - base)) $((size - (at - base)))
    at=$((base + size))
  fi
  eval "at_$1=$at"
}

# tell K: what is new of a rank; fails when it could not be told now.
tell() {
  # Looked for in this order: the log that is missing now may be the older one by the next line.
  now_log=/dev/null old_log=/dev/null
  [ ! -e "rank-$1.log" ] || now_log=rank-$1.log
  [ ! -e "rank-$1.log.1" ] || old_log=rank-$1.log.1
  # No log but an older one: the logs are being rotated, unless the job ended just there. Then that is how they stay.
  if [ "$now_log" = /dev/null ] && [ "$old_log" != /dev/null ] && [ -z "$end" ]; then return 1; fi
  { tell_opened "$1"; } 3<"$now_log" 4<"$old_log"
}

if [ -z "$ranks" ]; then
  for meta in rank-*.meta; do
    k=${meta#rank-}
    ranks="$ranks ${k%.meta}"
  done
fi
if [ "$known" = 0 ]; then
  for k in $ranks; do
    # Of another run, whose beginning this reader has missed nothing of.
    eval "at_$k=${run:+0}"
  done
fi

turn=0 seen=- alone=0
while [ "$turn" -lt "$TURNS" ]; do
  is_same_run || { echo moved; exit 0; }
  end=''
  if [ -f "done" ]; then
    end="end $(cat "done")"
  elif [ $((turn % 8)) -eq 0 ]; then
    echo beat || exit 0
    # Without a supervisor the ranks end too, and have some seconds for their last words.
    if is_supervised; then alone=0; else alone=$((alone + 1)); fi
    if [ "$alone" -gt 3 ] || { [ "$alone" = 1 ] && [ "$follow" = 0 ]; }; then end=lost; fi
    [ ! -f "done" ] || end="end $(cat "done")"
  fi
  sizes=$(stat -c '%n %i %s' rank-*.log 2>/dev/null)
  if [ "$sizes" != "$seen" ] || [ -n "$end" ]; then
    [ -n "$end" ] || alone=0
    seen=$sizes
    for k in $ranks; do tell "$k" 2>/dev/null || seen=-; done
  fi
  if [ "$seen" != - ]; then
    is_same_run || { echo moved; exit 0; }
    [ -z "$end" ] || { echo "$end" && exit 0; }
    [ "$follow" = 1 ] || { echo more && exit 0; }
  fi
  sleep 0.5 2>/dev/null || sleep 1
  turn=$((turn + 1))
done
echo again
