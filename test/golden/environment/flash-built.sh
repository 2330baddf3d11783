# environment
if (
[ -e /opt/envs/swift/muster/owner ] || { echo '/opt/envs/swift is no environment of muster'\''s'; exit 3; }
found=$(/opt/envs/swift/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || { echo '/opt/envs/swift/bin/python does not run'; exit 3; }
[ "$found" = 3.12 ] || { echo '/opt/envs/swift is of Python' "$found,"' 3.12 is wanted'; exit 3; }
); then :; else (
set -eu
if [ -e /opt/envs/swift ] && [ ! -e /opt/envs/swift/muster/owner ] && [ -n "$(ls -A /opt/envs/swift 2>/dev/null)" ]; then
  echo 'error: /opt/envs/swift is there and is not muster'\''s; remedy: move it away, or choose another python.environment.path' >&2
  exit 1
fi
conda=/opt/miniforge/bin/conda
[ -x "$conda" ] || { echo 'error: conda is not there: /opt/miniforge/bin/conda' >&2; echo 'remedy: install Miniconda (https://docs.conda.io), name the program in python.environment.conda, or use kind: venv' >&2; exit 1; }
rm -rf /opt/envs/swift
"$conda" create -y -p /opt/envs/swift python=3.12 pip
mkdir -p /opt/envs/swift/muster
: >/opt/envs/swift/muster/owner
) || exit; fi

# pip
if (
/opt/envs/swift/bin/python -c 'from pip import __version__ as v; raise SystemExit([int(n) for n in v.split(".")[:2]] < [22,2])' 2>/dev/null || { echo 'pip is older than 22.2, or not there'; exit 3; }
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --upgrade pip && : >/opt/envs/swift/muster/pip-upgraded
) || exit; fi

# constraints
if (
printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn==2.8.3
mcore-bridge>=1.6.2
megatron-core>=0.16,<0.20
ms-swift==4.5.2
peft>=0.15,<0.20
sglang>=0.4.6
torch==2.11.0
transformer-engine>=2.3
transformers==4.57.6
trl==0.29.1
vllm>=0.5.1
' | cmp -s - /opt/envs/swift/muster/constraints.txt || { echo '/opt/envs/swift/muster/constraints.txt is not as it should be'; exit 3; }
); then :; else (
mkdir -p /opt/envs/swift/muster && printf '%s' '# Written by muster from c'\''s cluster file.
deepspeed>=0.14
flash-attn==2.8.3
mcore-bridge>=1.6.2
megatron-core>=0.16,<0.20
ms-swift==4.5.2
peft>=0.15,<0.20
sglang>=0.4.6
torch==2.11.0
transformer-engine>=2.3
transformers==4.57.6
trl==0.29.1
vllm>=0.5.1
' >/opt/envs/swift/muster/constraints.txt.partial && mv /opt/envs/swift/muster/constraints.txt.partial /opt/envs/swift/muster/constraints.txt
) || exit; fi

# torch
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check torch==2.11.0
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt torch==2.11.0
) || exit; fi

# ms-swift
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check ms-swift==4.5.2 transformers==4.57.6 trl==0.29.1
); then :; else (
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt ms-swift==4.5.2 transformers==4.57.6 trl==0.29.1
) || exit; fi

# cuda-toolkit
if (
[ -x /opt/envs/swift/bin/nvcc ] || { echo '/opt/envs/swift/bin/nvcc is not there'; exit 3; }
found=$(/opt/envs/swift/bin/nvcc --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
[ "$found" = 13.0 ] || { echo '/opt/envs/swift/bin/nvcc is of CUDA' "${found:-unknown},"' 13.0 is wanted'; exit 3; }
[ -e /opt/envs/swift/include/cuda_runtime.h ] || { echo '/opt/envs/swift/include has no cuda_runtime.h'; exit 3; }
[ -e /opt/envs/swift/lib64 ] || { echo '/opt/envs/swift/lib64 is not there'; exit 3; }
); then :; else (
set -eu
if ! [ -x /opt/envs/swift/bin/nvcc ] || ! /opt/envs/swift/bin/nvcc --version | grep -q 'release 13\.0,'; then
conda=/opt/miniforge/bin/conda
[ -x "$conda" ] || { echo 'error: conda is not there: /opt/miniforge/bin/conda' >&2; echo 'remedy: install Miniconda (https://docs.conda.io), name the program in python.environment.conda, or use kind: venv' >&2; exit 1; }
"$conda" install -y -p /opt/envs/swift -c nvidia cuda-toolkit=13.0
fi
target=
case $(uname -m) in
  x86_64) names=x86_64-linux ;;
  aarch64) names='sbsa-linux aarch64-linux' ;;
  *) names= ;;
esac
for name in $names; do
  if [ -z "$target" ] && [ -d /opt/envs/swift/targets/"$name"/include ]; then target=/opt/envs/swift/targets/$name; fi
done
if [ -n "$target" ]; then
  mkdir -p /opt/envs/swift/include
  for header in "$target"/include/*; do
    link=/opt/envs/swift/include/${header##*/}
    if [ ! -e "$link" ] && [ ! -L "$link" ]; then ln -s "$header" "$link"; fi
  done
  if [ ! -e /opt/envs/swift/lib64 ] && [ ! -L /opt/envs/swift/lib64 ]; then ln -s "$target/lib" /opt/envs/swift/lib64; fi
fi
found=$(/opt/envs/swift/bin/nvcc --version | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p')
if [ "$found" != 13.0 ]; then
  echo 'error: the toolkit in /opt/envs/swift is CUDA' "$found,"' torch is built for 13.0' >&2
  echo 'remedy: name one of CUDA 13.0 in python.environment.cudaHome, or another torch' >&2
  exit 1
fi
) || exit; fi

# flash-attn
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check flash-attn==2.8.3 || exit
/opt/envs/swift/bin/python -c 'import flash_attn' 2>&1 || { echo 'flash_attn cannot be imported: its wheel is of another torch or C++ ABI'; exit 3; }
); then :; else (
set -eu
export CUDA_HOME=/opt/envs/swift
export CUDA_PATH=/opt/envs/swift
export CUDACXX=/opt/envs/swift/bin/nvcc
export CPATH=/opt/envs/swift/include
export LIBRARY_PATH=/opt/envs/swift/lib64
export MAX_JOBS=8
PATH=/opt/envs/swift/bin:/opt/envs/swift/bin:$PATH
export PATH
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check -c /opt/envs/swift/muster/constraints.txt --no-build-isolation flash-attn==2.8.3
) || exit; fi

# verify
if (
[ -x /opt/envs/swift/bin/python ] || { echo '/opt/envs/swift/bin/python is not there'; exit 3; }
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py check --constraints /opt/envs/swift/muster/constraints.txt ms-swift==4.5.2 torch==2.11.0 transformers==4.57.6 trl==0.29.1
); then :; else (
/opt/envs/swift/bin/python /var/lib/muster/c/tools/requirements.py broken /opt/envs/swift/muster/constraints.txt >/opt/envs/swift/muster/broken.txt || :
/opt/envs/swift/bin/python -m pip install --disable-pip-version-check --no-deps -r /opt/envs/swift/muster/broken.txt
) || exit; fi
