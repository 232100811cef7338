# Sourced by run: a Buildbot master and its worker, from PyPI in an environment of their own. A build
# is forced, followed while its step prints, fails, and the log of its failing step is read. Then one that
# is asked each five minutes shows what happens by the master's events.

# Where buildbot's programs are: MIDWATCH_BUILDBOT, or what is installed here now.
buildbot_bin() {
    [ -z "${MIDWATCH_BUILDBOT:-}" ] || { echo "$MIDWATCH_BUILDBOT"; return; }
    [ "$strict" = 1 ] || return 1
    python3 -m venv "$scratch/venv" &&
        "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check buildbot==4.3.0 buildbot-worker==4.3.0 buildbot-www==4.3.0 >&2 &&
        echo "$scratch/venv/bin"
}
# start_buildbot DIR BIN: sets bb to the master's address
start_buildbot() {
    local dir=$1 bin=$2 www_port pb_port one
    mkdir -p "$dir"
    www_port=$(free_port) pb_port=$(free_port) bb=http://127.0.0.1:$www_port
    "$bin/buildbot" create-master "$dir/master" >"$dir/log"
    "$bin/buildbot-worker" create-worker "$dir/worker" "127.0.0.1:$pb_port" runner-1 pass >>"$dir/log"
    # Not in the step's own words: the log begins with them, and the first error is to be the real one.
    cat >"$dir/test.sh" <<-'END'
	for i in $(seq 1 8); do echo "test $i of 8 ... ok"; sleep 0.5; done
	echo 'pays_once ... FAILED'
	echo 'ERROR timed out after 30 s' >&2
	exit 2
	END
    cat >"$dir/master/master.cfg" <<-END
	from buildbot.plugins import schedulers, steps, util, worker
	c = BuildmasterConfig = {
	    "workers": [worker.Worker("runner-1", "pass", max_builds=1)],
	    "protocols": {"pb": {"port": "tcp:$pb_port:interface=127.0.0.1"}},
	    "schedulers": [schedulers.ForceScheduler(name="force", builderNames=["checkout-test"])],
	    "builders": [util.BuilderConfig(name="checkout-test", workernames=["runner-1"], factory=util.BuildFactory([
	        steps.ShellCommand(name="compile", command=["echo", "compiled"], logEnviron=False),
	        steps.ShellCommand(name="unit tests", command=["sh", "$dir/test.sh"], logEnviron=False)]))],
	    "title": "shop", "titleURL": "$bb/", "buildbotURL": "$bb/",
	    "www": {"port": "tcp:$www_port:interface=127.0.0.1"},
	    "db": {"db_url": "sqlite:///state.sqlite"}, "buildbotNetUsageData": None,
	}
	END
    for one in master worker; do
        (cd "$dir/$one" && exec "$bin/twistd" --nodaemon --no_save --python buildbot.tac) >"$dir/$one.log" 2>&1 &
        started+=($!)
    done
    wait_for "$bb/api/v2/builders" && until_true 20 worker_is_there
}
worker_is_there() { curl -fsS "$bb/api/v2/workers/1" | tr -d ' \n' | grep -q '"connected_to":\[{'; }
force() { # REASON
    curl -fsS -o "$scratch/forced" -H 'Content-Type: application/json' "$bb/api/v2/forceschedulers/force" -d "{\"jsonrpc\":\"2.0\",\"id\":1,
        \"method\":\"force\",\"params\":{\"username\":\"Kim Moss <kim@shop.example>\",\"reason\":\"$1\",\"branch\":\"main\"}}"
}

buildbot() {
    part="Buildbot"
    here python3 curl tmux || return 0
    local bin bb config began
    bin=$(buildbot_bin) || {
        # No fault of the program: a machine that reaches no package index says so and goes on.
        skipped=$((skipped + 1))
        echo "SKIP  $part: NOT RUN, it is not here and PyPI was not reached; MIDWATCH_BUILDBOT names the folder of its programs, MIDWATCH_CI=1 installs it"
        return 0
    }
    if ! start_buildbot "$scratch/buildbot" "$bin"; then fail "$part: it did not start"; tail -5 "$scratch"/buildbot/*log; return 0; fi
    config=$(config ci 'kind = "buildbot"' "url = \"$bb\"" 'every = "1s"')
    window ci 120 40 "$binary --config $config"
    if ! until_true 20 shows ci 'No runs'; then fail "$part: no whole screen"; show ci; return 0; fi

    began=$(date +%s%N)
    force "release 4.2.0"
    if until_true 20 shows ci '> checkout-test #1'; then pass "$part: a build shows $(since "$began") ms after it was forced"; else fail "$part: no build"; show ci; return 0; fi
    outer send-keys -t ci 1
    outer send-keys -t ci Enter
    until_true 20 shows ci 'unit tests.*running' || { fail "$part: its steps do not show"; show ci; }
    outer send-keys -t ci G
    outer send-keys -t ci Enter
    if until_true 10 shows ci 'test [1-6] of 8'; then pass "$part: the log of a step shows while it is written"; else fail "$part: no log"; show ci; fi
    if until_true 20 shows ci 'test 8 of 8' 'pays_once ... FAILED' 'ERROR timed out' 'exit code 2'; then pass "$part: and is followed to its end"; else fail "$part: the log does not grow"; show ci; fi

    outer send-keys -t ci Escape
    until_true 10 shows ci 'unit tests.*failed' || { fail "$part: the step does not show as failed"; show ci; }
    outer send-keys -t ci Escape
    if until_true 10 shows ci 'x checkout-test #1' '1 failed' 'checkout-test #1 failed'; then pass "$part: it fails, and the timeline says so"; else fail "$part: it does not fail"; show ci; fi
    outer send-keys -t ci Enter
    until_true 10 shows ci 'release 4.2.0' || { fail "$part: its reason does not show"; show ci; }
    outer send-keys -t ci Enter
    if until_true 10 shows ci 'ERROR timed out after 30 s'; then pass "$part: Enter and Enter lead to the log of the step that failed"; else fail "$part: no log of the failed step"; show ci; fi
    outer send-keys -t ci Escape
    until_true 10 shows ci 'unit tests.*failed'
    outer send-keys -t ci Escape
    until_true 10 shows ci 'x checkout-test #1'
    quit ci
    # What shows in less than five minutes was told by an event.
    config=$(config told 'kind = "buildbot"' "url = \"$bb\"" 'every = "5m"')
    window told 120 40 "$binary --config $config"
    if ! until_true 20 shows told 'checkout-test #1'; then fail "$part: no whole screen"; show told; return 0; fi
    force "release 4.2.1"
    # The end of this one, at the latest, comes after the stream was opened.
    if until_true 30 shows told 'x checkout-test #2'; then pass "$part: the end of a build shows by its event"; else fail "$part: a build's end does not show by its event"; show told; return 0; fi
    began=$(date +%s%N)
    force "release 4.2.2"
    if until_true 5 shows told '> checkout-test #3'; then pass "$part: a build shows by its event $(since "$began") ms after it was forced"; else fail "$part: a build's begin does not show by its event"; show told; fi
    if until_true 15 shows told 'x checkout-test #3'; then pass "$part: and its end does, $(since "$began") ms after it was forced"; else fail "$part: its end does not show by its event"; show told; fi
    quit told
}
