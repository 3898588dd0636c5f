#!/usr/bin/env python3
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Tests tools/restart/localsgd-restart with ranks that are shell scripts."""

import contextlib
import io
import os
import pathlib
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

root = pathlib.Path(__file__).resolve().parents[2]
supervisor = str(root / 'tools/restart/localsgd-restart')
restart = runpy.run_path(supervisor)


class Restart(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.log = os.path.join(self.folder, 'log')  # what ranks write
        self.rendezvous = os.path.join(self.folder, 'rendezvous')
        os.mkdir(self.rendezvous)
        self.environment = {**os.environ, 'LOG': self.log, 'DIR': self.folder}

    def command(self, *arguments):
        return [sys.executable, supervisor, *arguments]

    def run_it(self, *arguments):
        self.result = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, universal_newlines=True, timeout=60,
                                     env=self.environment)
        return self.result.returncode

    def gloo(self, script, *options):
        return self.run_it('gloo', *options, '--folder', self.rendezvous, 'sh', '-c', script)

    def logged(self):
        with open(self.log) as file:
            return sorted(file.read().splitlines())

    def starts(self):
        """The ranks of each start, as the messages have them."""
        return [int(n) for n in re.findall(r'(?:starts|restart \d+ of at most \d+,) on (\d+) rank',
                                           self.result.stderr)]

    def says(self, text):
        self.assertIn(text, self.result.stderr)

    def test_wrong_usage_exits_2_and_names_the_argument(self):
        for arguments, name in [
                ([], 'gloo|mpi'),
                (['threads', 'true'], 'threads'),
                (['gloo', 'true'], '--ranks'),
                (['gloo', '--ranks', '2'], 'the command to start is missing'),
                (['gloo', '--ranks', '0', 'true'], "'0', must be >= 1"),
                (['gloo', '--ranks', 'two', 'true'], '--ranks'),
                (['gloo', '--ranks', '2', '--hosts', 'a', 'true'], '--hosts'),
                (['gloo', '--ranks', '2', '--restarts', '-1', 'true'], '--restarts'),
                (['gloo', '--ranks', '2', '--grace', 'nan', 'true'], '--grace'),
                (['gloo', '--ranks', '2', '--min-ranks', '3', 'true'], '--min-ranks 3'),
                (['gloo', '--ranks', '2', '--folder', '/no/such', 'true'], '/no/such'),
                (['gloo', '--ranks', '2', '--remote-shell', '', 'true'], '--remote-shell'),
                (['gloo', '--hosts', 'a,b', 'true'], '--hosts needs --folder'),
                (['gloo', '--hosts', ',', 'true'], 'there is no host'),
                (['gloo', '--hosts', 'a:0', 'true'], "'a:0' is no host"),
                (['gloo', '--hosts=-oProxyCommand=x', 'true'], 'is no host'),
                (['gloo', '--hostfile', '/no/such', 'true'], '/no/such'),
                (['mpi', '--ranks', '2', 'mpirun', 'true'], '{ranks} is missing'),
                (['mpi', '--ranks', '2', 'mpirun', '{ranks}', '{hosts}'], '{hosts} needs'),
                (['mpi', '--hosts', 'a,b', 'mpirun', '{ranks}'], '{hosts} is missing'),
                (['mpi', '--ranks', '2', '--grace', '1', 'mpirun', '{ranks}'], '--grace')]:
            with self.subTest(arguments):
                errors = io.StringIO()
                with self.assertRaises(SystemExit) as exit, contextlib.redirect_stderr(errors):
                    restart['parse'](arguments)
                self.assertEqual(exit.exception.code, 2)
                self.assertIn(name, errors.getvalue())
        self.assertEqual(self.run_it('gloo', 'true'), 2)

    def test_the_exit_code_of_the_job_is_passed_through_without_a_restart(self):
        for code in 0, 1, 7, 75, 127:
            with self.subTest(code):
                self.assertEqual(self.gloo(f'exit {code}', '--ranks', '2'), code)
                self.assertEqual(self.starts(), [2])
        self.assertEqual(self.gloo('exit $((LOCALSGD_RANK * 4))', '--ranks', '2'), 4)

    def test_a_command_that_cannot_be_started_is_127_or_126(self):
        self.assertEqual(self.run_it('gloo', '--ranks', '2', '/no/such/program'), 127)
        self.says('/no/such/program')
        self.assertEqual(self.run_it('gloo', '--ranks', '2', self.folder), 126)

    def test_the_options_of_the_command_are_its_own(self):
        self.assertEqual(self.run_it('gloo', '--ranks', '1', 'sh', '-c', 'echo "$@"', 'sh',
                                     '--ranks', '7', '--', '-x'), 0)
        self.assertEqual(self.result.stdout, '--ranks 7 -- -x\n')

    def test_a_rank_that_is_killed_is_left_out_of_the_next_start(self):
        self.assertEqual(self.gloo('''
            echo $LOCALSGD_ATTEMPT $LOCALSGD_RANK of $LOCALSGD_RANKS >>$LOG
            echo $LOCALSGD_RUN $LOCALSGD_FOLDER >>$DIR/names
            if [ $LOCALSGD_RANKS = 3 ] && [ $LOCALSGD_RANK = 1 ]; then kill -KILL $$; fi
            if [ $LOCALSGD_RANKS = 3 ]; then exit 1; fi''', '--ranks', '3'), 0)
        self.assertEqual(self.logged(), ['0 0 of 3', '0 1 of 3', '0 2 of 3', '1 0 of 2', '1 1 of 2'])
        with open(os.path.join(self.folder, 'names')) as file:
            names = set(file.read().splitlines())
        self.assertEqual(len(names), 2)  # a rank that is late cannot disturb the next start
        self.assertEqual({name.split()[1] for name in names}, {self.rendezvous})
        self.says('rank 1 was killed by SIGKILL')
        self.says('restart 1 of at most 10, on 2 ranks')
        self.says('finished on 2 ranks after 1 restart and ')

    def test_ranks_whose_process_was_lost_are_started_again_if_fewer_than_min_ranks_are_left(self):
        self.assertEqual(self.gloo('if [ $LOCALSGD_ATTEMPT != 4 ]; then kill -KILL $$; fi', '--ranks',
                                   '3', '--min-ranks', '2'), 0)
        self.assertEqual(self.starts(), [3, 2, 2, 2, 2])

    def test_the_last_start_gives_its_code_when_the_limit_is_reached(self):
        self.assertEqual(self.gloo('kill -KILL $$', '--ranks', '2', '--restarts', '3'), 137)
        self.assertEqual(self.starts(), [2, 1, 1, 1])
        self.says('gives up after 3 restarts')
        self.assertEqual(self.gloo('kill -SEGV $$', '--ranks', '2', '--restarts', '0'), 139)
        self.assertEqual(self.starts(), [2])

    def test_a_rank_that_does_not_end_with_the_others_is_lost(self):
        # As ranks do that have waited for a frozen one until their deadline.
        self.assertEqual(self.gloo('''
            echo $LOCALSGD_RANK of $LOCALSGD_RANKS >>$LOG
            if [ $LOCALSGD_RANKS = 2 ]; then exit 0; fi
            if [ $LOCALSGD_RANK = 0 ]; then kill -STOP $$; fi
            exit 1''', '--ranks', '3', '--grace', '2'), 0)
        self.says('rank 0 was still there')
        self.assertEqual(self.starts(), [3, 2])

    def test_a_rank_that_is_late_is_not_lost_if_another_one_was_killed(self):
        self.assertEqual(self.gloo('''
            if [ $LOCALSGD_RANKS = 2 ]; then exit 0; fi
            if [ $LOCALSGD_RANK = 0 ]; then exec sleep 100; fi
            if [ $LOCALSGD_RANK = 1 ]; then kill -KILL $$; fi
            exit 1''', '--ranks', '3', '--grace', '2'), 0)
        self.assertEqual(self.starts(), [3, 2])

    def test_the_rendezvous_folder_is_left_as_it_was(self):
        with open(os.path.join(self.rendezvous, 'other'), 'w'):
            pass
        self.assertEqual(self.gloo('''
            echo >$LOCALSGD_FOLDER/$LOCALSGD_RUN.key.$LOCALSGD_RANK
            kill -KILL $$''', '--ranks', '2', '--restarts', '1'), 137)
        self.assertEqual(os.listdir(self.rendezvous), ['other'])

    def test_without_a_folder_a_temporary_one_is_used_and_removed(self):
        self.assertEqual(self.run_it('gloo', '--ranks', '1', 'sh', '-c',
                                     'test -d $LOCALSGD_FOLDER && echo $LOCALSGD_FOLDER'), 0)
        self.assertTrue(self.result.stdout.strip())
        self.assertFalse(os.path.exists(self.result.stdout.strip()))

    def started(self, count, *arguments):
        """The supervisor, once its ranks have written `count` lines."""
        process = subprocess.Popen(self.command(*arguments), stderr=subprocess.PIPE,
                                   universal_newlines=True,
                                   env=self.environment)
        self.addCleanup(process.stderr.close)
        end = time.monotonic() + 60
        while not os.path.exists(self.log) or len(self.logged()) < count:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        return process

    # Waits for a signal; its own child must not outlive it.
    waits = 'echo ready >>$LOG; i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done; exit 3'

    def test_a_stop_request_reaches_every_rank_and_nothing_is_restarted(self):
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            if os.path.exists(self.log):
                os.remove(self.log)
            process = self.started(2, 'gloo', '--ranks', '2', 'sh', '-c',
                                   "trap 'echo stopped >>$LOG; exit 75' TERM INT; " + self.waits)
            process.send_signal(number)
            self.assertEqual(process.wait(60), 75)
            self.assertEqual(self.logged(), ['ready', 'ready', 'stopped', 'stopped'])
            self.assertIn('stopped by a signal', process.stderr.read())

    def test_a_second_stop_request_kills_the_ranks(self):
        process = self.started(2, 'gloo', '--ranks', '2', 'sh', '-c',
                               "trap 'echo stopped >>$LOG' TERM; " + self.waits)
        process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 60
        while len(self.logged()) < 4:  # they have seen the first one
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 137)

    def remote_shell(self):
        """A stand-in for ssh: hosts are down if there is a file of their name, or hang."""
        path = os.path.join(self.folder, 'shell')
        with open(path, 'w') as file:
            file.write('''#!/bin/sh
                if [ -e $DIR/$1.down ]; then exit 255; fi
                if [ -e $DIR/$1.hangs ]; then echo asked >>$LOG; exec sleep 100; fi
                cd / && exec env -i LOG=$LOG DIR=$DIR HOST=$1 PATH=$PATH sh -c "$2"''')
        os.chmod(path, 0o755)
        return ['--remote-shell', path]

    def test_hosts_that_do_not_answer_are_left_out(self):
        for way in 'down', 'hangs':
            for name in os.listdir(self.folder):
                if name.endswith(('.down', '.hangs', 'log')):
                    os.remove(os.path.join(self.folder, name))
            # The process on another host is lost, too, and comes back: three ranks are the fewest.
            self.assertEqual(self.gloo('''
                echo $LOCALSGD_ATTEMPT $HOST $LOCALSGD_RANK of $LOCALSGD_RANKS >>$LOG
                if [ $LOCALSGD_ATTEMPT = 1 ]; then exit 0; fi
                case $HOST in b) echo >$DIR/b.%s; kill -KILL $$;; c) kill -KILL $$;; esac
                exit 1''' % way, '--hosts', 'a:2,b:2,c', '--min-ranks', '3', '--probe', '3',
                                       '--grace', '3',
                                       *self.remote_shell()), 0)
            self.assertEqual([line for line in self.logged() if line.startswith('1')],
                             ['1 a 0 of 3', '1 a 1 of 3', '1 c 2 of 3'])
            self.says('rank 2 on b is on a host that does not answer')
            self.says('restart 1 of at most 10, on 3 ranks: a,a,c')

    def test_too_few_hosts_end_the_job(self):
        self.assertEqual(self.gloo('echo >$DIR/$HOST.down; kill -KILL $$', '--hosts', 'a,b',
                                   '--min-ranks', '2', *self.remote_shell()), 137)
        self.says('gives up: 0 ranks left, --min-ranks is 2')

    def test_a_hostfile_has_a_host_on_each_line(self):
        path = os.path.join(self.folder, 'hosts')
        with open(path, 'w') as file:
            file.write('# all of them\na slots=2\n\nb:1 # small\nc max\n')
        self.assertEqual(self.gloo('echo $HOST >>$LOG', '--hostfile', path, *self.remote_shell()), 0)
        self.assertEqual(self.logged(), ['a', 'a', 'b', 'c'])

    def test_ranks_on_other_hosts_have_the_folder_and_the_variables_of_this_one(self):
        self.environment['LOCALSGD_INTERFACE'] = 'eth 0'
        self.assertEqual(self.gloo('echo "$LOCALSGD_INTERFACE" $LOCALSGD_RANK of $LOCALSGD_RANKS '
                                   'in $LOCALSGD_FOLDER, "$(pwd)" >>$LOG', '--hosts', 'a',
                                   *self.remote_shell()), 0)
        self.assertEqual(self.logged(), [f'eth 0 0 of 1 in {self.rendezvous}, {os.getcwd()}'])

    def test_a_stop_request_reaches_ranks_on_other_hosts(self):
        process = self.started(1, 'gloo', '--hosts', 'a', '--folder', self.rendezvous,
                               *self.remote_shell(), 'sh', '-c',
                               "trap 'exit 75' TERM; " + self.waits)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 75)
        self.assertEqual(os.listdir(self.rendezvous), [])

    def test_a_stop_request_between_two_starts_is_not_forgotten(self):
        process = self.started(3, 'gloo', '--hosts', 'a,b', '--folder', self.rendezvous,
                               *self.remote_shell(), '--probe', '3', 'sh', '-c',
                               'echo ready >>$LOG; [ $HOST = b ] || echo >$DIR/a.hangs; '
                               'kill -KILL $$')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 137)
        self.assertEqual(self.logged(), ['asked', 'ready', 'ready'])

    def mpi(self, script, *options):
        """A stand-in for mpirun, which is given {ranks} and {hosts}."""
        hosts = ['{hosts}'] if '--hosts' in options else []
        return self.run_it('mpi', *options, 'sh', '-c', script, 'mpirun', '{ranks}', *hosts)

    def test_mpirun_gets_the_ranks_and_hosts_that_are_left(self):
        for by, text, left in [
                ('Open MPI', 'mpirun noticed that process rank 1 with PID 12 on node b '
                             'exited on signal 9 (Killed).', 'a,b,c'),
                ('the deadline', 'localsgd: no message from rank 1, 3 within 600 s '
                                 '(mpi_options.deadline)', 'a,b'),
                ('MPICH', '=   PID 12 RUNNING AT b.example.org\n=   EXIT CODE: 9\n'
                          'YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)',
                 'a,b,c')]:
            with self.subTest(by):
                if os.path.exists(self.log):
                    os.remove(self.log)
                self.assertEqual(self.mpi(f'''
                    echo $LOCALSGD_ATTEMPT $1 $2 >>$LOG
                    if [ $LOCALSGD_ATTEMPT = 1 ]; then exit 0; fi
                    echo '{text}' >&2
                    exit 9''', '--hosts', 'a,b:2,c', *self.remote_shell()), 0)
                self.assertEqual(self.logged(), ['0 4 a,b,b,c', f'1 {len(left.split(","))} {left}'])
                self.says(text)

    def test_a_loss_that_mpirun_does_not_explain_is_restarted_on_all_ranks(self):
        self.assertEqual(self.mpi('if [ $LOCALSGD_ATTEMPT = 0 ]; then exit 137; fi', '--ranks', '3'), 0)
        self.assertEqual(self.starts(), [3, 3])

    def test_the_exit_code_of_mpirun_is_passed_through_without_a_restart(self):
        for code in 0, 1, 7, 75:
            self.assertEqual(self.mpi(f'exit {code}', '--ranks', '3'), code)
            self.assertEqual(self.starts(), [3])

    def test_a_host_that_does_not_answer_is_the_reason_why_mpirun_failed(self):
        self.assertEqual(self.mpi('if [ $1 = 3 ]; then echo >$DIR/b.down; exit 1; fi', '--hosts',
                                  'a,b,c', *self.remote_shell()), 0)
        self.says('restart 1 of at most 10, on 2 ranks: a,c')

    def test_a_stop_request_reaches_mpirun(self):
        process = self.started(1, 'mpi', '--ranks', '2', 'sh', '-c',
                               "trap 'exit 75' TERM; " + self.waits, 'mpirun', '{ranks}')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 75)


if __name__ == '__main__':
    unittest.main()
