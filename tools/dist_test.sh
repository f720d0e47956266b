#!/usr/bin/env bash
# Test a checkpoint with several processes on one or more machines.
set -euo pipefail

usage() {
    cat >&2 <<USAGE
$1
usage: tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
environment (defaults): NNODES (1), NODE_RANK (0), MASTER_ADDR (127.0.0.1),
PORT (29500). On a machine without GPU, GPUS is the number of processes.
USAGE
    exit 2
}

[ $# -ge 1 ] || usage 'CONFIG is missing'
[ $# -ge 2 ] || usage 'CHECKPOINT is missing'
[ $# -ge 3 ] || usage 'GPUS is missing'
config=$1
checkpoint=$2
gpus=$3
shift 3
[[ $gpus =~ ^[1-9][0-9]*$ ]] || usage "GPUS must be a number above 0, got '$gpus'"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$gpus" \
    "$here/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
