#!/bin/sh
# Debian trixie's python3-torch 2.6.0: four corrections without which training over several nodes fails or, worse,
# only looks as if it worked. Run as root in the image. It may run again.
set -eu
torch=${1:-/usr/lib/python3/dist-packages/torch}

# 1. Built without libuv, but three TCPStore calls ask for it: "use_libuv was requested but PyTorch was build without
#    libuv support". USE_LIBUV=0 alone does not reach these three.
if ! grep -q 'use_libuv=False' "$torch/distributed/rendezvous.py"; then
  sed -i 's/multi_tenant=True,/& use_libuv=False,/' \
    "$torch/distributed/elastic/rendezvous/static_tcp_rendezvous.py" \
    "$torch/distributed/elastic/rendezvous/c10d_rendezvous_backend.py"
  sed -i 's/is_master=False,/& use_libuv=False,/' "$torch/distributed/rendezvous.py"
fi

# 2. Built with MPI. On CPU accelerate 1.10.1 prefers MPI to gloo: every process is then a world of one, the run ends
#    with 0 on every node, the loss falls, and nothing was distributed.
sed -i 's/^_MPI_AVAILABLE = True/_MPI_AVAILABLE = False/' "$torch/distributed/distributed_c10d.py"

# 3. A resumed run loads optimizer.pt with map_location "cpu:0": "don't know how to restore data location".
sed -i 's/    if location == "cpu":/    if location == "cpu" or str(location).startswith("cpu:"):/' "$torch/serialization.py"

# Say what is true now; a silent miss of any pattern would bring the silent failure back.
grep -q 'use_libuv=False' "$torch/distributed/rendezvous.py"
grep -q 'use_libuv=False' "$torch/distributed/elastic/rendezvous/static_tcp_rendezvous.py"
grep -q 'use_libuv=False' "$torch/distributed/elastic/rendezvous/c10d_rendezvous_backend.py"
grep -q '_MPI_AVAILABLE = False' "$torch/distributed/distributed_c10d.py"
! grep -q '^_MPI_AVAILABLE = True' "$torch/distributed/distributed_c10d.py"
grep -q 'startswith("cpu:")' "$torch/serialization.py"
