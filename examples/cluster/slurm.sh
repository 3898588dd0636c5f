#!/bin/bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: sbatch slurm.sh
# A job of my_program, one rank per node, that survives lost nodes and its own time limit. The folder
# is shared by all nodes; my_program keeps its checkpoint there, in run.checkpoint.
#
#SBATCH --job-name=local-sgd
#SBATCH --nodes=8
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --time=04:00:00
#SBATCH --no-kill
#SBATCH --requeue
#SBATCH --signal=B:TERM@300
#SBATCH --open-mode=append
#
# no-kill: the allocation remains when a node fails, so that localsgd-restart can use the others.
# requeue: if the node of this script fails, Slurm queues the job again.
# signal: five minutes before the time limit this script, not the ranks, gets SIGTERM.
set -uo pipefail
checkpoint=run.checkpoint

hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | paste -sd, -)
localsgd-restart mpi --hosts "$hosts" --min-ranks 4 \
  --remote-shell 'srun --overlap --nodes=1 --ntasks=1 --nodelist' \
  mpirun -np '{ranks}' --host '{hosts}' --bind-to none \
  --mca odls_base_sigkill_timeout 240 ./my_program &
job=$!

stopped=
trap 'stopped=yes; kill -TERM "$job"' TERM
wait "$job"
status=$?
while kill -0 "$job" 2>/dev/null; do  # the signal ended the wait, but the job needs a moment
  wait "$job"
  status=$?
done

if [[ -n $stopped && -e $checkpoint ]]; then
  scontrol requeue "$SLURM_JOB_ID"  # the run is not complete: the next job resumes it
  exit
fi
exit "$status"
