#!/usr/bin/env bash
# Test a checkpoint on a SLURM cluster; every task is one process with one GPU.
set -euo pipefail

usage() {
    cat >&2 <<USAGE
$1
usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT \
[options of tools/test.py]
environment (defaults): GPUS (4), GPUS_PER_NODE (4, at most GPUS),
CPUS_PER_TASK (5), SRUN_ARGS (none)
USAGE
    exit 2
}

[ $# -ge 1 ] || usage 'PARTITION is missing'
[ $# -ge 2 ] || usage 'JOB_NAME is missing'
[ $# -ge 3 ] || usage 'CONFIG is missing'
[ $# -ge 4 ] || usage 'CHECKPOINT is missing'
partition=$1
job_name=$2
config=$3
checkpoint=$4
shift 4
gpus=${GPUS:-4}
gpus_per_node=${GPUS_PER_NODE:-$((gpus < 4 ? gpus : 4))}
read -r -a srun_args <<<"${SRUN_ARGS:-}"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec srun \
    --partition="$partition" \
    --job-name="$job_name" \
    --gres="gpu:$gpus_per_node" \
    --ntasks="$gpus" \
    --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${srun_args[@]+"${srun_args[@]}"} \
    python -u "$here/test.py" "$config" "$checkpoint" --launcher slurm "$@"
