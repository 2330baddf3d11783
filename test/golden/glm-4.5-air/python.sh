# image-versions
if (
[ -s /var/lib/muster/python/image.txt ] || { echo 'the image'\''s versions are not written down'; exit 3; }
); then :; else (
mkdir -p /var/lib/muster/python && python3 /opt/muster/requirements.py freeze /var/lib/muster/python/image.txt
) || exit; fi

# pip
if (
[ -e /var/lib/muster/python/pip-upgraded ] || { echo 'pip is the image'\''s'; exit 3; }
); then :; else (
python3 -m pip install --upgrade pip && : >/var/lib/muster/python/pip-upgraded
) || exit; fi

# ms-swift
if (
wanted=3.7.1
checkout=/mnt/workspace/ms-swift
found=$(sed -n 's/^__version__ *= *.\([0-9][0-9A-Za-z.+]*\).*/\1/p' "$checkout/swift/version.py" 2>/dev/null || :)
[ "$found" = "$wanted" ] || { echo "$checkout is of ms-swift ${found:-unknown}, the image has $wanted"; exit 3; }
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/ms-swift || { echo 'git does not have /mnt/workspace/ms-swift as safe.directory'; exit 3; }
python3 /opt/muster/requirements.py editable ms-swift "$checkout"
); then :; else (
set -eu
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/ms-swift || git config --global --add safe.directory /mnt/workspace/ms-swift
wanted=3.7.1
checkout=/mnt/workspace/ms-swift
found=$(sed -n 's/^__version__ *= *.\([0-9][0-9A-Za-z.+]*\).*/\1/p' "$checkout/swift/version.py" 2>/dev/null || :)
if [ "$found" != "$wanted" ]; then
  echo "error: $checkout is of ms-swift ${found:-unknown}, the image has $wanted" >&2
  echo "remedy: git -C $checkout checkout v$wanted" >&2
  exit 1
fi
# The image's dependencies fit its ms-swift; resolving them again would replace torch.
python3 -m pip install --no-deps --no-build-isolation -e "$checkout"
) || exit; fi

# safe-directory
if (
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/Megatron-LM || { echo 'git does not have /mnt/workspace/Megatron-LM as safe.directory'; exit 3; }
); then :; else (
git config --global --get-all safe.directory | grep -qxF /mnt/workspace/Megatron-LM || git config --global --add safe.directory /mnt/workspace/Megatron-LM
) || exit; fi

# packages
if (
python3 /opt/muster/requirements.py check swanlab ipykernel
); then :; else (
set -eu
python3 /opt/muster/requirements.py constraints /var/lib/muster/python/image.txt --free swanlab --free ipykernel >/var/lib/muster/python/constraints.txt
python3 -m pip install -U -c /var/lib/muster/python/constraints.txt swanlab ipykernel
) || exit; fi

# unchanged-image
if (
python3 /opt/muster/requirements.py check --constraints /var/lib/muster/python/image.txt --free swanlab --free ipykernel
); then :; else (
set -eu
python3 /opt/muster/requirements.py broken /var/lib/muster/python/image.txt --free swanlab --free ipykernel >/var/lib/muster/python/broken.txt || :
python3 -m pip install --no-deps -r /var/lib/muster/python/broken.txt || {
  echo 'error: these versions of the image cannot be had from the index:' >&2
  cat /var/lib/muster/python/broken.txt >&2
  echo 'remedy: a new container has them; docker rm -f it, then run up again' >&2
  exit 1
}
) || exit; fi
