# environment
if (
[ -e /opt/envs/swift/muster/owner ] || { echo '/opt/envs/swift is no environment of muster'\''s'; exit 3; }
found=$(/opt/envs/swift/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || { echo '/opt/envs/swift/bin/python does not run'; exit 3; }
[ "$found" = 3.10 ] || { echo '/opt/envs/swift is of Python' "$found,"' 3.10 is wanted'; exit 3; }
); then :; else (
set -eu
if [ -e /opt/envs/swift ] && [ ! -e /opt/envs/swift/muster/owner ] && [ -n "$(ls -A /opt/envs/swift 2>/dev/null)" ]; then
  echo 'error: /opt/envs/swift is there and is not muster'\''s; remedy: move it away, or choose another python.environment.path' >&2
  exit 1
fi
base=
for program in python3.10 python3; do
  if [ -z "$base" ] && [ "$("$program" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.10 ]; then
    base=$(command -v "$program")
  fi
done
[ -n "$base" ] || { echo 'error: the host has no Python 3.10' >&2; echo 'remedy: apt-get install -y python3.10 python3.10-venv, or kind: conda, which brings its own' >&2; exit 1; }
if "$base" -c 'import ensurepip' 2>/dev/null; then
  "$base" -m venv --clear /opt/envs/swift
else
  "$base" -m venv --clear --without-pip /opt/envs/swift
  pip=$(find /srv/wheels -maxdepth 1 -name 'pip-*.whl' | sort | tail -n 1)
  [ -n "$pip" ] || { echo 'error: this Python has no ensurepip, and /srv/wheels no wheel of pip; remedy: pip download -d FOLDER pip' >&2; exit 1; }
  /opt/envs/swift/bin/python "$pip/pip" install -q --no-index --find-links /srv/wheels pip
fi
mkdir -p /opt/envs/swift/muster
: >/opt/envs/swift/muster/owner
) || exit; fi

# pip-config
if (
printf '%s' '[global]
no-index = true
find-links = /srv/wheels
' | cmp -s - /opt/envs/swift/pip.conf || { echo '/opt/envs/swift/pip.conf is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/swift && printf '%s' '[global]
no-index = true
find-links = /srv/wheels
' >/opt/envs/swift/pip.conf.partial && mv /opt/envs/swift/pip.conf.partial /opt/envs/swift/pip.conf
) || exit; fi

# pip
if (
/opt/envs/swift/bin/python -c 'from pip import __version__ as v; raise SystemExit([int(n) for n in v.split(".")[:2]] < [22,2])' 2>/dev/null || { echo 'pip is older than 22.2, or not there'; exit 3; }
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --no-index --find-links /srv/wheels --upgrade pip && : >/opt/envs/swift/muster/pip-upgraded
) || exit; fi

# constraints
if (
printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn<2.8.2
megatron-core>=0.12,<0.14
ms-swift==3.7.1
peft>=0.11,<0.17
sglang>=0.4.6
torch==2.6.0
transformer-engine>=2.3
transformers==4.54.1
trl==0.20.0
vllm>=0.5.1
' | cmp -s - /opt/envs/swift/muster/constraints.txt || { echo '/opt/envs/swift/muster/constraints.txt is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/swift/muster && printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn<2.8.2
megatron-core>=0.12,<0.14
ms-swift==3.7.1
peft>=0.11,<0.17
sglang>=0.4.6
torch==2.6.0
transformer-engine>=2.3
transformers==4.54.1
trl==0.20.0
vllm>=0.5.1
' >/opt/envs/swift/muster/constraints.txt.partial && mv /opt/envs/swift/muster/constraints.txt.partial /opt/envs/swift/muster/constraints.txt
) || exit; fi

# wheels
if (
if [ "$(cat /opt/envs/swift/muster/wheels 2>/dev/null)" != 17cd6aa5cbeafd96 ]; then
  { [ -x /opt/envs/swift/bin/python ] && /opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/swift/muster/constraints.txt setuptools wheel torch==2.6.0 transformers==4.54.1 trl==0.20.0 >/dev/null 2>&1; } || { echo 'the wheels in /srv/wheels were not looked at'; exit 3; }
fi
); then :; else (
[ -d /srv/wheels ] || { echo 'error: /srv/wheels is no folder on this host (python.wheels)' >&2; exit 1; }
if ! together=$(/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --dry-run --ignore-installed --no-index --find-links /srv/wheels --only-binary :all: -c /opt/envs/swift/muster/constraints.txt setuptools wheel torch==2.6.0 transformers==4.54.1 trl==0.20.0 2>&1); then
  # pip stops at the first that is missing; asked one by one it names them all.
  missing=0
  for requirement in setuptools wheel torch==2.6.0 transformers==4.54.1 trl==0.20.0; do
    said=$(/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --dry-run --ignore-installed --no-index --find-links /srv/wheels --only-binary :all: "$requirement" 2>&1) && continue
    missing=$((missing + 1))
    echo "error: $requirement: $(printf '%s\n' "$said" | sed -n 's/^ERROR: //p' | head -n 2 | tr '\n' ' ')" >&2
  done
  if [ "$missing" -eq 0 ]; then
    echo 'error: /srv/wheels has no set of wheels in which all of them fit:' >&2
    printf '%s\n' "$together" | grep -v -e '^Looking in' -e '^Processing' -e '^Collecting' >&2
  fi
  echo 'remedy: on a machine with internet and the same Python: pip wheel -w FOLDER -c constraints.txt REQUIREMENT; then copy FOLDER to /srv/wheels' >&2
  exit 1
fi
printf '%s\n' 17cd6aa5cbeafd96 >/opt/envs/swift/muster/wheels
) || exit; fi

# torch
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check torch==2.6.0
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt torch==2.6.0
) || exit; fi

# ms-swift
if (
wanted=3.7.1
checkout=/srv/ms-swift
found=$(sed -n 's/^__version__ *= *.\([0-9][0-9A-Za-z.+]*\).*/\1/p' "$checkout/swift/version.py" 2>/dev/null || :)
[ "$found" = "$wanted" ] || { echo "$checkout is of ms-swift ${found:-unknown}, the cluster file says $wanted"; exit 3; }
git config --global --get-all safe.directory | grep -qxF /srv/ms-swift || { echo 'git does not have /srv/ms-swift as safe.directory'; exit 3; }
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py editable ms-swift "$checkout"
); then :; else (
set -eu
git config --global --get-all safe.directory | grep -qxF /srv/ms-swift || git config --global --add safe.directory /srv/ms-swift
wanted=3.7.1
checkout=/srv/ms-swift
found=$(sed -n 's/^__version__ *= *.\([0-9][0-9A-Za-z.+]*\).*/\1/p' "$checkout/swift/version.py" 2>/dev/null || :)
if [ "$found" != "$wanted" ]; then
  echo "error: $checkout is of ms-swift ${found:-unknown}, the cluster file says $wanted" >&2
  echo "remedy: git -C $checkout checkout v$wanted" >&2
  exit 1
fi
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt setuptools wheel transformers==4.54.1 trl==0.20.0
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt --no-build-isolation -e "$checkout"
) || exit; fi

# verify
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/swift/muster/constraints.txt setuptools wheel torch==2.6.0 transformers==4.54.1 trl==0.20.0
); then :; else (
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py broken /opt/envs/swift/muster/constraints.txt >/opt/envs/swift/muster/broken.txt || :
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --no-deps -r /opt/envs/swift/muster/broken.txt
) || exit; fi
