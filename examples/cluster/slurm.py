"""Start a scheduler here and workers as Slurm jobs, and say how to mark with them. Ends with Ctrl-C.

Needs dask-jobqueue, and the course installed where the jobs run (the same folder on a shared disk will do).
"""

import time

from dask_jobqueue import SLURMCluster

JOBS = 4

cluster = SLURMCluster(
    cores=2,  # submissions at once in a job
    processes=1,
    memory="6GB",  # 2 GB for each of them and some for the worker
    walltime="02:00:00",
    job_script_prologue=["export OMP_NUM_THREADS=1"],
)
cluster.scale(jobs=JOBS)
print(f"course grade SUBMISSIONS --scheduler {cluster.scheduler_address}", flush=True)
while True:
    time.sleep(60)
