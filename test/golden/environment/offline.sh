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
flash-attn==2.8.1
megatron-core==0.13.*
ms-swift==3.7.1
numpy<2.0
peft>=0.11,<0.17
sglang>=0.4.6
torch==2.6.0
transformer-engine==2.5.*
transformers==4.54.1
trl==0.20.0
vllm>=0.5.1
' | cmp -s - /opt/envs/swift/muster/constraints.txt || { echo '/opt/envs/swift/muster/constraints.txt is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/swift/muster && printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn==2.8.1
megatron-core==0.13.*
ms-swift==3.7.1
numpy<2.0
peft>=0.11,<0.17
sglang>=0.4.6
torch==2.6.0
transformer-engine==2.5.*
transformers==4.54.1
trl==0.20.0
vllm>=0.5.1
' >/opt/envs/swift/muster/constraints.txt.partial && mv /opt/envs/swift/muster/constraints.txt.partial /opt/envs/swift/muster/constraints.txt
) || exit; fi

# wheels
if (
if [ "$(cat /opt/envs/swift/muster/wheels 2>/dev/null)" != 75815c4abece3963 ]; then
  { [ -x /opt/envs/swift/bin/python ] && /opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/swift/muster/constraints.txt ms-swift==3.7.1 torch==2.6.0 transformers==4.54.1 trl==0.20.0 pybind11 setuptools wheel ninja packaging psutil 'megatron-core==0.13.*' 'transformer-engine[pytorch]==2.5.*' >/dev/null 2>&1; } || { echo 'the wheels in /srv/wheels were not looked at'; exit 3; }
fi
); then :; else (
[ -d /srv/wheels ] || { echo 'error: /srv/wheels is no folder on this host (python.wheels)' >&2; exit 1; }
if ! together=$(/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --dry-run --ignore-installed --no-index --find-links /srv/wheels --only-binary :all: -c /opt/envs/swift/muster/constraints.txt ms-swift==3.7.1 torch==2.6.0 transformers==4.54.1 trl==0.20.0 pybind11 setuptools wheel ninja packaging psutil 'megatron-core==0.13.*' 'transformer-engine[pytorch]==2.5.*' 2>&1); then
  # pip stops at the first that is missing; asked one by one it names them all.
  missing=0
  for requirement in ms-swift==3.7.1 torch==2.6.0 transformers==4.54.1 trl==0.20.0 pybind11 setuptools wheel ninja packaging psutil 'megatron-core==0.13.*' 'transformer-engine[pytorch]==2.5.*'; do
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
printf '%s\n' 75815c4abece3963 >/opt/envs/swift/muster/wheels
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
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check ms-swift==3.7.1 transformers==4.54.1 trl==0.20.0
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt ms-swift==3.7.1 transformers==4.54.1 trl==0.20.0
) || exit; fi

# cuda-toolkit
if (
[ -x /usr/local/cuda/bin/nvcc ] || { echo '/usr/local/cuda/bin/nvcc is not there'; exit 3; }
found=$(/usr/local/cuda/bin/nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
[ "$found" = 12.4 ] || { echo '/usr/local/cuda/bin/nvcc is of CUDA' "${found:-unknown},"' 12.4 is wanted'; exit 3; }
[ -e /usr/local/cuda/include/cuda_runtime.h ] || { echo '/usr/local/cuda/include has no cuda_runtime.h'; exit 3; }
[ -e /usr/local/cuda/lib64 ] || { echo '/usr/local/cuda/lib64 is not there'; exit 3; }
); then :; else (
set -eu
if ! [ -x /usr/local/cuda/bin/nvcc ]; then
  echo 'error: no CUDA toolkit in /usr/local/cuda' >&2
  for other in "$(command -v nvcc)" /usr/local/cuda*/bin/nvcc /opt/cuda*/bin/nvcc; do
    [ -x "$other" ] || continue
    there=$(dirname "$(dirname "$(readlink -f "$other")")")
    echo "remedy: python.environment.cudaHome: $there (CUDA $("$other" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p'))" >&2
    exit 1
  done
  echo 'remedy: install CUDA toolkit 12.4 and name its folder in python.environment.cudaHome, or use kind: conda, which brings it' >&2
  exit 1
fi
target=
case $(uname -m) in
  x86_64) names=x86_64-linux ;;
  aarch64) names='sbsa-linux aarch64-linux' ;;
  *) names= ;;
esac
for name in $names; do
  if [ -z "$target" ] && [ -d /usr/local/cuda/targets/"$name"/include ]; then target=/usr/local/cuda/targets/$name; fi
done
if [ -n "$target" ]; then
  mkdir -p /usr/local/cuda/include
  for header in "$target"/include/*; do
    link=/usr/local/cuda/include/${header##*/}
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then ln -s "$header" "$link"; fi
  done
  if [ ! -e /usr/local/cuda/lib64 ] && [ ! -L /usr/local/cuda/lib64 ]; then ln -s "$target/lib" /usr/local/cuda/lib64; fi
fi
found=$(/usr/local/cuda/bin/nvcc --version | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
if [ "$found" != 12.4 ]; then
  echo 'error: the toolkit in /usr/local/cuda is CUDA' "$found,"' torch is built for 12.4' >&2
  echo 'remedy: name one of CUDA 12.4 in python.environment.cudaHome, or another torch' >&2
  exit 1
fi
) || exit; fi

# flash-attn
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check flash-attn==2.8.1 || exit
/opt/envs/swift/bin/python -c 'import flash_attn' 2>&1 || { echo 'flash_attn cannot be imported: its wheel is of another torch or C++ ABI'; exit 3; }
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt --force-reinstall --no-deps /srv/wheels/flash_attn-2.8.1+cu12torch2.6cxx11abiFALSE-cp310-cp310-linux_x86_64.whl && /opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt einops
) || exit; fi

# build-tools
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check pybind11 setuptools wheel ninja packaging psutil
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt pybind11 setuptools wheel ninja packaging psutil
) || exit; fi

# transformer-engine
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check 'transformer-engine[pytorch]==2.5.*'
); then :; else (
set -eu
export CUDA_HOME=/usr/local/cuda
export CUDA_PATH=/usr/local/cuda
export CUDACXX=/usr/local/cuda/bin/nvcc
export CPATH=/usr/local/cuda/include
export LIBRARY_PATH=/usr/local/cuda/lib64
export MAX_JOBS=8
PATH=/opt/envs/swift/bin:/usr/local/cuda/bin:$PATH
export PATH
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --no-build-isolation -c /opt/envs/swift/muster/constraints.txt 'transformer-engine[pytorch]==2.5.*'
) || exit; fi

# apex-sources
if (
repo=/opt/envs/swift/src/apex
revision=e13873debc4699d39c6861074b9a3b2a02327f92
[ -e "$repo/.git" ] || { echo '/opt/envs/swift/src/apex is no checkout'; exit 3; }
git config --global --get-all safe.directory | grep -qxF /opt/envs/swift/src/apex || { echo 'git does not have /opt/envs/swift/src/apex as safe.directory'; exit 3; }
commit() { git -C "$repo" rev-parse -q --verify "$1^{commit}" 2>/dev/null; }
want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || { echo '/opt/envs/swift/src/apex does not have e13873debc4699d39c6861074b9a3b2a02327f92'; exit 3; }
[ "$(git -C "$repo" rev-parse HEAD)" = "$want" ] || { echo '/opt/envs/swift/src/apex is not at e13873debc4699d39c6861074b9a3b2a02327f92'; exit 3; }
); then :; else (
set -eu
repo=/opt/envs/swift/src/apex
revision=e13873debc4699d39c6861074b9a3b2a02327f92
source=/srv/bundles/apex.bundle
command -v git >/dev/null || { echo 'error: git is not installed; remedy: apt-get install -y git' >&2; exit 1; }
git config --global --get-all safe.directory | grep -qxF /opt/envs/swift/src/apex || git config --global --add safe.directory /opt/envs/swift/src/apex
if [ ! -e "$repo/.git" ]; then
  mkdir -p "$repo"
  git -C "$repo" init -q
  git -C "$repo" remote add origin "$source"
fi
git -C "$repo" remote set-url origin "$source"
if [ -n "$(git -C "$repo" status --porcelain --untracked-files=no)" ]; then
  echo "error: $repo has changes of its own; remedy: git -C $repo stash" >&2
  exit 1
fi
commit() { git -C "$repo" rev-parse -q --verify "$1^{commit}" 2>/dev/null; }
want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || {
  git -C "$repo" fetch -q --tags origin '+refs/heads/*:refs/remotes/origin/*'
  want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || { echo "error: $source has no $revision" >&2; exit 1; }
}
git -C "$repo" checkout -q --detach "$want"
) || exit; fi

# apex
if (
[ "$(cat /opt/envs/swift/muster/apex 2>/dev/null)" = e13873debc4699d39c6861074b9a3b2a02327f92 ] || { echo 'apex e13873debc4699d39c6861074b9a3b2a02327f92 is not built'; exit 3; }
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check apex
); then :; else (
set -eu
export CUDA_HOME=/usr/local/cuda
export CUDA_PATH=/usr/local/cuda
export CUDACXX=/usr/local/cuda/bin/nvcc
export CPATH=/usr/local/cuda/include
export LIBRARY_PATH=/usr/local/cuda/lib64
export MAX_JOBS=8
PATH=/opt/envs/swift/bin:/usr/local/cuda/bin:$PATH
export PATH
/opt/envs/swift/bin/python -m pip install -v --disable-pip-version-check --no-cache-dir --no-build-isolation --config-settings --build-option=--cpp_ext --config-settings --build-option=--cuda_ext /opt/envs/swift/src/apex
mkdir -p /opt/envs/swift/muster
printf '%s\n' e13873debc4699d39c6861074b9a3b2a02327f92 >/opt/envs/swift/muster/apex
) || exit; fi

# megatron-core
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check 'megatron-core==0.13.*'
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt 'megatron-core==0.13.*'
) || exit; fi

# megatron-lm
if (
repo=/opt/envs/swift/src/Megatron-LM
revision=core_r0.13.0
[ -e "$repo/.git" ] || { echo '/opt/envs/swift/src/Megatron-LM is no checkout'; exit 3; }
git config --global --get-all safe.directory | grep -qxF /opt/envs/swift/src/Megatron-LM || { echo 'git does not have /opt/envs/swift/src/Megatron-LM as safe.directory'; exit 3; }
commit() { git -C "$repo" rev-parse -q --verify "$1^{commit}" 2>/dev/null; }
want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || { echo '/opt/envs/swift/src/Megatron-LM does not have core_r0.13.0'; exit 3; }
[ "$(git -C "$repo" rev-parse HEAD)" = "$want" ] || { echo '/opt/envs/swift/src/Megatron-LM is not at core_r0.13.0'; exit 3; }
); then :; else (
set -eu
repo=/opt/envs/swift/src/Megatron-LM
revision=core_r0.13.0
source=/srv/bundles/Megatron-LM.bundle
command -v git >/dev/null || { echo 'error: git is not installed; remedy: apt-get install -y git' >&2; exit 1; }
git config --global --get-all safe.directory | grep -qxF /opt/envs/swift/src/Megatron-LM || git config --global --add safe.directory /opt/envs/swift/src/Megatron-LM
if [ ! -e "$repo/.git" ]; then
  mkdir -p "$repo"
  git -C "$repo" init -q
  git -C "$repo" remote add origin "$source"
fi
git -C "$repo" remote set-url origin "$source"
if [ -n "$(git -C "$repo" status --porcelain --untracked-files=no)" ]; then
  echo "error: $repo has changes of its own; remedy: git -C $repo stash" >&2
  exit 1
fi
commit() { git -C "$repo" rev-parse -q --verify "$1^{commit}" 2>/dev/null; }
want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || {
  git -C "$repo" fetch -q --tags origin '+refs/heads/*:refs/remotes/origin/*'
  want=$(commit "refs/remotes/origin/$revision" || commit "$revision") || { echo "error: $source has no $revision" >&2; exit 1; }
}
git -C "$repo" checkout -q --detach "$want"
) || exit; fi

# verify
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/swift/muster/constraints.txt ms-swift==3.7.1 torch==2.6.0 transformers==4.54.1 trl==0.20.0 pybind11 setuptools wheel ninja packaging psutil 'megatron-core==0.13.*' 'transformer-engine[pytorch]==2.5.*'
); then :; else (
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py broken /opt/envs/swift/muster/constraints.txt >/opt/envs/swift/muster/broken.txt || :
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --no-deps -r /opt/envs/swift/muster/broken.txt
) || exit; fi
