#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Checks the files of examples/cluster, as far as this is possible without a cluster.

They have the form that Slurm and Kubernetes expect, their parts refer to each other, their commands are
what localsgd-restart accepts, and slurm.sh does what it says with stand-ins for Slurm. Without
PyYAML the test is skipped: exit code 77.
"""

import os
import pathlib
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import yaml
except ImportError:
    print('PyYAML is missing: this test is skipped')
    sys.exit(77)

root = pathlib.Path(__file__).resolve().parents[2]
examples = root / 'examples/cluster'
restart = runpy.run_path(str(root / 'tools/restart/localsgd-restart'))


class Kubernetes(unittest.TestCase):
    def documents(self):
        names = sorted(examples.glob('*.yaml'))
        self.assertEqual([name.name for name in names], ['trainjob_gloo.yaml', 'trainjob_mpi.yaml'])
        for name in names:
            kinds = {document['kind']: document for document in
                     yaml.safe_load_all(name.read_text())}
            yield name.name, kinds

    def test_each_file_has_a_job_its_runtime_and_its_volume(self):
        for name, kinds in self.documents():
            with self.subTest(name):
                self.assertEqual(sorted(kinds),
                                 ['PersistentVolumeClaim', 'TrainJob', 'TrainingRuntime'])
                for kind, document in kinds.items():
                    self.assertEqual(document['apiVersion'], 'v1' if kind == 'PersistentVolumeClaim'
                                     else 'trainer.kubeflow.org/v1alpha1')
                job, runtime = kinds['TrainJob']['spec'], kinds['TrainingRuntime']
                self.assertEqual(job['runtimeRef'],
                                 {'apiGroup': 'trainer.kubeflow.org', 'kind': 'TrainingRuntime',
                                  'name': runtime['metadata']['name']})
                self.assertEqual(job['trainer']['numNodes'], runtime['spec']['mlPolicy']['numNodes'])
                # Any node may run rank 0, which writes the checkpoint.
                self.assertEqual(kinds['PersistentVolumeClaim']['spec']['accessModes'],
                                 ['ReadWriteMany'])

    def test_the_trainer_finds_its_containers_and_they_their_volumes(self):
        for name, kinds in self.documents():
            with self.subTest(name):
                spec = kinds['TrainingRuntime']['spec']['template']['spec']
                self.assertGreater(spec['failurePolicy']['maxRestarts'], 0)
                jobs = {job['name']: job['template'] for job in spec['replicatedJobs']}
                label = 'trainer.kubeflow.org/trainjob-ancestor-step'
                trainers = [job for job, template in jobs.items()
                            if template.get('metadata', {}).get('labels', {}).get(label) == 'trainer']
                self.assertEqual(trainers, ['launcher' if 'launcher' in jobs else 'node'])
                for template in jobs.values():
                    pod = template['spec']['template']['spec']
                    self.assertEqual([container['name'] for container in pod['containers']], ['node'])
                pod = jobs['node']['spec']['template']['spec']
                claims = [v['persistentVolumeClaim']['claimName'] for v in pod['volumes']]
                self.assertEqual(claims, [kinds['PersistentVolumeClaim']['metadata']['name']])
                self.assertEqual([v['name'] for v in pod['containers'][0]['volumeMounts']],
                                 [v['name'] for v in pod['volumes']])

    def test_localsgd_restart_accepts_its_command(self):
        found = 0
        for _, kinds in self.documents():
            trainer = kinds['TrainJob']['spec']['trainer']
            command = trainer['command'] + trainer.get('args', [])
            if command[0] != 'localsgd-restart':
                continue
            found += 1
            with tempfile.NamedTemporaryFile('w') as hosts:
                # As the trainer writes it.
                count = trainer['numNodes']
                hosts.write(''.join(f'local-sgd-node-0-{i}.local-sgd slots=1\n' for i in range(count)))
                hosts.flush()
                self.assertIn('/etc/mpi/hostfile', command)
                command[command.index('/etc/mpi/hostfile')] = hosts.name
                options = restart['parse'](command[1:])
            self.assertEqual(options.places,
                             [f'local-sgd-node-0-{i}.local-sgd' for i in range(count)])
            self.assertEqual(options.command[0], 'mpirun')
        self.assertEqual(found, 1)

    def test_the_gloo_ranks_have_the_variables_that_the_library_reads(self):
        header = (root / 'include/localsgd/communicator/gloo/environment.hpp').read_text()
        read = set(re.findall(r'environment\("(LOCALSGD_[A-Z]+)"\)', header))
        self.assertIn('LOCALSGD_RANK', read)
        kinds = dict(self.documents())['trainjob_gloo.yaml']
        runtime = kinds['TrainingRuntime']['spec']['template']['spec']['replicatedJobs'][0]
        container = runtime['template']['spec']['template']['spec']['containers'][0]
        trainer = kinds['TrainJob']['spec']['trainer']
        variables = {v['name']: v.get('value') for v in container['env'] + trainer['env']}
        self.assertEqual(set(variables), read)
        self.assertEqual(variables['LOCALSGD_RANKS'], str(trainer['numNodes']))


class Slurm(unittest.TestCase):
    script = examples / 'slurm.sh'

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.stand_in('scontrol', '''
            case $1 in
              show) printf 'n1\\nn2\\nn3\\nn4\\nn5\\n';;
              requeue) echo requeue $2 >>log;;
            esac''')
        self.stand_in('srun', 'exit 0')  # every host answers
        (self.folder / 'localsgd-restart').symlink_to(root / 'tools/restart/localsgd-restart')

    def stand_in(self, name, script):
        (self.folder / name).write_text('#!/bin/sh\n' + script)
        (self.folder / name).chmod(0o755)

    def start(self, mpirun):
        self.stand_in('mpirun', 'echo mpirun "$@" >>log\n' + mpirun)
        process = subprocess.Popen(
            ['bash', str(self.script)], cwd=str(self.folder), stderr=subprocess.PIPE,
            env={**os.environ, 'PATH': f'{self.folder}:{os.environ["PATH"]}', 'SLURM_JOB_ID': '42',
                 'SLURM_JOB_NODELIST': 'n[1-5]'})
        self.addCleanup(process.stderr.close)
        return process

    def log(self):
        path = self.folder / 'log'
        return path.read_text().splitlines() if path.exists() else []

    def test_bash_can_read_it_and_slurm_its_options(self):
        subprocess.run(['bash', '-n', str(self.script)], check=True)
        lines = self.script.read_text().splitlines()
        self.assertEqual(lines[0], '#!/bin/bash')
        options = [i for i, line in enumerate(lines) if line.startswith('#SBATCH ')]
        self.assertGreater(len(options), 5)
        # Slurm reads them up to the first command.
        self.assertTrue(all(line.startswith('#') for line in lines[:options[-1]]))
        for name in 'no-kill', 'requeue', 'signal=B:TERM@', 'open-mode=append':
            self.assertTrue(any(lines[i].startswith(f'#SBATCH --{name}') for i in options), name)

    def test_it_starts_mpirun_on_all_nodes_and_has_the_exit_code_of_the_job(self):
        for code in 0, 3:
            self.assertEqual(self.start(f'exit {code}').wait(60), code)
        self.assertEqual(len(self.log()), 2)
        self.assertTrue(self.log()[0].startswith('mpirun -np 5 --host n1,n2,n3,n4,n5 '), self.log())

    def stopped(self, at_the_end):
        process = self.start(f"trap '{at_the_end}; exit 75' TERM\n"
                             'i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done')
        end = time.monotonic() + 60
        while not self.log():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def test_a_job_that_is_stopped_with_a_checkpoint_is_queued_again(self):
        # Longer than the shell's wait, which the signal ends.
        self.assertEqual(self.stopped('sleep 0.5; echo >run.checkpoint'), 0)
        self.assertEqual(self.log()[1:], ['requeue 42'])

    def test_a_job_that_is_stopped_without_one_is_not(self):
        self.assertEqual(self.stopped('true'), 75)
        self.assertEqual(self.log()[1:], [])


if __name__ == '__main__':
    unittest.main()
