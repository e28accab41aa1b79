"""Drives localjuju through jubilant, Canonical's wrapper of the juju command.

Arguments: the program, the packed charms probe and caller.
"""

import sys

import jubilant

program, probe, caller = sys.argv[1:]
juju = jubilant.Juju(cli_binary=program, wait_timeout=60)


def check(wanted, got):
    if wanted != got:
        raise SystemExit(f'wanted {wanted!r}, got {got!r}')


def fails(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error as e:
        return e
    raise SystemExit(f'{call.__name__}{args} did not fail')


def wait(ready, **kwargs):
    return juju.wait(ready, delay=0.2, successes=2, **kwargs)


check((4, 0, 15), juju.version().tuple)

# Models.
juju.add_model('jubilant', config={'update-status-hook-interval': '10m'})
check('10m', juju.model_config()['update-status-hook-interval'])
juju.model_config({'juju-http-proxy': 'http://proxy.example:3128'})
juju.model_config(reset='juju-http-proxy')
check('', juju.model_config()['juju-http-proxy'])
check('jubilant', juju.show_model().short_name)
fails(jubilant.CLIError, juju.model_config, {'no-such-key': 'x'})

# Deploy, with configuration and storage.
juju.deploy(probe, 'one', config={'count': 7, 'flag': True}, storage={'data': '1'})
juju.deploy(caller, num_units=2)
status = wait(lambda s: jubilant.all_active(s, 'one') and jubilant.all_agents_idle(s))
check('ready', status.apps['one'].app_status.message)
check(['caller/0', 'caller/1'], sorted(status.apps['caller'].units))
check(True, status.apps['one'].units['one/0'].leader)
check('attached', status.storage.storage['data/0'].status.current)

# Configuration.
check(7, juju.config('one')['count'])
juju.config('one', {'word': 'with space', 'ratio': 0.25})
check('with space', juju.config('one')['word'])
juju.config('one', reset=['word', 'ratio'])
check(False, 'word' in juju.config('one'))
fails(jubilant.CLIError, juju.config, 'one', {'count': 'many'})
fails(jubilant.CLIError, juju.config, 'one', {'no-such-option': 1})
check({'trust': False}, dict(juju.config('one', app_config=True)))

# Actions and exec.
task = juju.run('one/0', 'do', {'commands': 'action-log hello; action-set answer=42; echo out; echo err >&2'})
check({'answer': '42'}, task.results)
check(('out\n', 'err\n', 0), (task.stdout, task.stderr, task.return_code))
check(True, task.log[0].endswith('hello'))
error = fails(jubilant.TaskError, juju.run, 'one/leader', 'do', {'commands': 'exit 3'})
check((3, 'exit status 3', 'failed'), (error.task.return_code, error.task.message, error.task.status))
error = fails(jubilant.TaskError, juju.run, 'one/0', 'do', {'commands': 'action-fail "not today"'})
check((0, 'not today'), (error.task.return_code, error.task.message))
fails(ValueError, juju.run, 'one/0', 'no-such-action')
fails(TimeoutError, juju.run, 'one/0', 'do', {'commands': 'sleep 2'}, wait=0.2)
check('one/0\n', juju.exec('echo $JUJU_UNIT_NAME', unit='one/0').stdout)
check('two words\n', juju.exec('echo', 'two words', machine=0).stdout)
fails(jubilant.TaskError, juju.exec, 'exit 4', unit='one/0')

# Relations.
juju.exec('open-port', '8080/tcp', unit='one/0')
juju.integrate('one:website', 'caller')
wait(lambda s: 'website' in s.apps['one'].relations)
juju.run('one/0', 'do', {'commands': 'relation-set -r $(relation-ids website) hostname=here port=8080'})
status = wait(lambda s: jubilant.all_active(s, 'caller'))
check('http://here:8080', status.apps['caller'].units['caller/1'].workload_status.message)
check(['8080/tcp'], status.apps['one'].units['one/0'].open_ports)
info = juju.show_unit('caller/0')
website = [r for r in info.relation_info if r.endpoint == 'website'][0]
data = website.related_units['one/0'].data
check(('here', '8080'), (data['hostname'], data['port']))
check(status.apps['one'].units['one/0'].public_address, data['ingress-address'])
juju.remove_relation('one', 'caller')
wait(lambda s: jubilant.all_waiting(s, 'caller') and not s.apps['caller'].relations)

# Secrets, the charm's and ours.
check('', juju.run('one/0', 'do', {'commands': 'secret-add --label pass word=hush >/dev/null'}).stdout)
owned = juju.secrets(owner='one')
check(['pass'], [s.label for s in owned])
check({'word': 'hush'}, juju.show_secret(owned[0].uri, reveal=True).content)
uri = juju.add_secret('mine', {'key': 'value'}, info='for the test')
juju.update_secret(uri, {'key': 'other'})
check(2, len(juju.show_secret(uri, revisions=True).revisions))
juju.grant_secret(uri, 'one')
juju.config('one', {'hidden': uri})
check('other\n', juju.exec('secret-get', uri, 'key', unit='one/0').stdout)
juju.config('one', reset='hidden')
juju.remove_secret(uri)

# Units, refresh, an error and its end.
juju.add_unit('caller')
wait(lambda s: len(s.apps['caller'].units) == 3 and jubilant.all_agents_idle(s))
juju.remove_unit('caller/2')
wait(lambda s: len(s.apps['caller'].units) == 2)
juju.refresh('one', path=probe)
wait(lambda s: s.apps['one'].charm_rev == 1 and jubilant.all_agents_idle(s))
juju.config('one', {'do': 'exit 1'})
wait(jubilant.any_error)
juju.config('one', {'do': ''})
juju.cli('resolve', 'one/0')
wait(lambda s: jubilant.all_active(s, 'one'))
check(True, 'hook "config-changed"' in juju.debug_log())

# The end.
juju.remove_application('one', 'caller', destroy_storage=True)
wait(lambda s: not s.apps)
juju.destroy_model('jubilant')
fails(jubilant.CLIError, jubilant.Juju(model='jubilant', cli_binary=program).status)
print('driven by jubilant', jubilant.__version__)
