# Sourced by run: Prometheus, its Pushgateway and Alertmanager, the latter behind TLS with an
# authority of its own and basic auth. An alert is made to fire, is silenced, and clears. Then the
# first five minutes of somebody who has an Alertmanager and nothing else.

# wait_for URL: until a server answers; more arguments go to curl
wait_for() { until_true 20 curl -fsS -o /dev/null "${@:2}" "$1"; }
# since START: milliseconds from `date +%s%N`
since() { echo $((($(date +%s%N) - $1) / 1000000)); }
# An authority, and a certificate for 127.0.0.1 in DIR/server.pem
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=midwatch test authority" \
        -addext basicConstraints=critical,CA:TRUE -keyout "$1/ca.key" -out "$1/ca.pem"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=alertmanager -keyout "$1/server.key" -out "$1/server.csr"
    openssl x509 -req -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 2 \
        -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth') -out "$1/server.pem"
} 2>/dev/null

# start_alerting DIR: sets am, prom and push to the addresses, am_pid to Alertmanager's process
start_alerting() {
    local dir=$1 hash am_port prom_port push_port
    mkdir -p "$dir"
    am_port=$(free_port) prom_port=$(free_port) push_port=$(free_port)
    am=https://127.0.0.1:$am_port prom=http://127.0.0.1:$prom_port push=http://127.0.0.1:$push_port
    certificate "$dir"
    hash=$(perl -e 'print crypt("night watch", "\$2b\$05\$abcdefghijklmnopqrstuu")')
    [[ $hash == \$2b\$* ]] || return 1
    printf 'tls_server_config: {cert_file: %s/server.pem, key_file: %s/server.key}\nbasic_auth_users: {ops: "%s"}\n' "$dir" "$dir" "$hash" >"$dir/web.yml"
    (umask 077 && echo "night watch" >"$dir/password")
    printf 'user = "ops:night watch"\ncacert = "%s/ca.pem"\nsilent\nshow-error\nfail\n' "$dir" >"$dir/curl"
    cat >"$dir/am.yml" <<-'END'
	route: {receiver: pager, group_wait: 1s}
	receivers: [{name: pager}]
	END
    cat >"$dir/rules.yml" <<-'END'
	groups:
	  - name: checkout
	    rules:
	      - alert: HighErrorRate
	        expr: checkout_error_ratio > 0.05
	        for: 1s
	        labels: {severity: critical, service: checkout}
	        annotations: {summary: "5xx of checkout at {{ $value }}"}
	      - {alert: SlowBurn, expr: checkout_error_ratio > 0.01, for: 1h, labels: {severity: warning, service: checkout}}
	END
    cat >"$dir/prometheus.yml" <<-END
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: [rules.yml]
	alerting:
	  alertmanagers:
	    - scheme: https
	      basic_auth: {username: ops, password: night watch}
	      tls_config: {ca_file: ca.pem}
	      static_configs: [{targets: ["127.0.0.1:$am_port"]}]
	scrape_configs:
	  - {job_name: push, honor_labels: true, static_configs: [{targets: ["127.0.0.1:$push_port"]}]}
	END
    # Debian's keeps what was pushed in a place of the whole machine.
    prometheus-pushgateway --web.listen-address="127.0.0.1:$push_port" --persistence.file="$dir/pushed" 2>"$dir/push.log" &
    started+=($!)
    start_alertmanager "$dir"
    # Alertmanager forgets what fires when it ends: Prometheus tells it again after the resend delay.
    prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" --web.listen-address="127.0.0.1:$prom_port" \
        --web.external-url="$prom" --rules.alert.resend-delay=1s 2>"$dir/prometheus.log" &
    started+=($!)
    wait_for "$push/-/ready" && wait_for "$prom/-/ready" && wait_for "$am/-/ready" -K "$dir/curl"
}
start_alertmanager() {
    prometheus-alertmanager --config.file="$1/am.yml" --storage.path="$1/am" --web.listen-address="${am#https://}" \
        --web.config.file="$1/web.yml" --cluster.listen-address= 2>>"$1/am.log" &
    am_pid=$!
    started+=("$am_pid")
}
# error_ratio VALUE: what the service is said to answer with
error_ratio() { echo "checkout_error_ratio $1" | curl -fsS --data-binary @- "$push/metrics/job/checkout"; }
# Ends a console with q.
quit() {
    outer send-keys -t "$1" q
    until_true 10 shows "$1" 'ended with 0' || { fail "$part: q did not end it"; show "$1"; }
    outer kill-session -t "$1"
}

alerts() {
    part="Alertmanager and Prometheus"
    here prometheus prometheus-alertmanager prometheus-pushgateway curl openssl perl python3 tmux || return 0
    local dir=$scratch/alerting am prom push am_pid config began silence
    if ! start_alerting "$dir"; then fail "$part: not all started"; tail -3 "$dir"/*.log; return 0; fi
    config=$(config alerts 'kind = "alertmanager"' "url = \"$am\"" 'credential = "ops"' "ca = \"$dir/ca.pem\"" 'ca_only = true' 'every = "1s"' \
        '[[source]]' 'name = "rules"' 'kind = "prometheus"' "url = \"$prom\"" 'every = "1s"' \
        '[[credential]]' 'name = "ops"' 'user = "ops"' "file = \"$dir/password\"")
    if "$binary" --config "$config" check >"$dir/check" 2>&1; then pass "$part: check gets through TLS of an own authority and basic auth"; else
        fail "$part: check"; sed 's/^/      | /' "$dir/check"
    fi
    window alerts 120 40 "$binary --config $config"
    if ! until_true 20 shows alerts "${drawn[@]}" 'Nothing fires'; then fail "$part: no whole screen"; show alerts; return 0; fi

    began=$(date +%s%N)
    error_ratio 0.31
    if until_true 30 shows alerts 'CRIT HighErrorRate'; then pass "$part: an alert shows $(since "$began") ms after its cause"; else fail "$part: no alert"; show alerts; return 0; fi
    if until_true 10 shows alerts SlowBurn; then pass "$part: a rule that pends shows, which only Prometheus tells"; else fail "$part: no rule that pends"; show alerts; fi

    silence=$(curl -K "$dir/curl" -H 'Content-Type: application/json' "$am/api/v2/silences" -d "{\"matchers\":[{\"name\":\"alertname\",\"value\":\"HighErrorRate\",\"isRegex\":false}],\"startsAt\":\"$(date -u +%FT%TZ)\",\"endsAt\":\"$(date -u -d '+1 hour' +%FT%TZ)\",\"createdBy\":\"kim\",\"comment\":\"replacing the node\"}" | grep -o '[0-9a-f-]\{36\}')
    if until_true 15 shows alerts 'HighErrorRate.*silenced' '1 silenced'; then pass "$part: a silence shows"; else fail "$part: no silence"; show alerts; fi
    curl -K "$dir/curl" -X DELETE "$am/api/v2/silence/$silence"
    if until_true 15 shows alerts '1 firing'; then pass "$part: its end shows"; else fail "$part: the silence does not end"; show alerts; fi

    error_ratio 0
    if until_true 30 shows alerts 'HighErrorRate .* resolved ' 'alert HighErrorRate resolved'; then pass "$part: it clears, and the timeline says so"; else fail "$part: it does not clear"; show alerts; fi

    error_ratio 0.31
    python3 -c '
import json
print(json.dumps([{"labels": {"alertname": f"Load{n % 40}", "severity": "warning", "instance": f"node-{n}"}} for n in range(5000)]))' >"$dir/load.json"
    began=$(date +%s%N)
    curl -K "$dir/curl" -H 'Content-Type: application/json' "$am/api/v2/alerts" -d "@$dir/load.json"
    if until_true 30 shows alerts '500[01] firing'; then pass "$part: 5,000 alerts at once show after $(since "$began") ms"; else fail "$part: not 5,000 alerts"; show alerts; fi
    local times=() turn
    for turn in 1 2 3 4 5; do
        began=$(date +%s%N)
        outer send-keys -t alerts '?'
        until_true 5 shows alerts 'full screen\|full-screen' || break
        times+=("$(since "$began")")
        outer send-keys -t alerts Escape
        until_true 5 shows alerts '3 Alerts' || break
    done
    # The debug build, a poll of the screen each 20 ms, and a machine that does other things beside.
    if [ ${#times[@]} = 5 ] && [ "$(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p)" -le 500 ]; then
        pass "$part: with them, and asked each second, a key paints within ${times[*]} ms"
    else
        fail "$part: with them a key paints within ${times[*]} ms"
    fi

    kill -9 "$am_pid"
    wait "$am_pid" 2>/dev/null || true
    if until_true 20 shows alerts '1 blind' 'HighErrorRate'; then pass "$part: killed, its rows stay and it is said to be blind"; else fail "$part: after the kill"; show alerts; fi
    start_alertmanager "$dir"
    # It comes back after the console's backoff. What it has not heard of since its start is no recovery.
    if until_true 60 shows alerts '500[0-9] firing' 'partly blind'; then pass "$part: back, and what it has not heard of again has not ended"; else fail "$part: not back"; show alerts; fi
    quit alerts
}

# From an account with nothing in it to the first alert of its own: no editor, four commands.
first() {
    part="first five minutes"
    here prometheus-alertmanager curl tmux || return 0
    local dir=$scratch/first clean began step
    mkdir -p "$dir/home"
    # Where Alertmanager listens by default, and so where `midwatch init` looks for one.
    if (exec 3<>/dev/tcp/127.0.0.1/9093) 2>/dev/null; then echo "NOTE  $part: not possible here, something listens on port 9093"; return 0; fi
    echo '{route: {receiver: pager}, receivers: [{name: pager}]}' >"$dir/am.yml"
    prometheus-alertmanager --config.file="$dir/am.yml" --storage.path="$dir/am" --web.listen-address=127.0.0.1:9093 --cluster.listen-address= 2>"$dir/am.log" &
    started+=($!)
    wait_for http://127.0.0.1:9093/-/ready || { fail "$part: no Alertmanager"; tail -3 "$dir/am.log"; return 0; }
    curl -fsS -H 'Content-Type: application/json' http://127.0.0.1:9093/api/v2/alerts -d '[{"labels": {"alertname": "MyFirstAlert", "severity": "critical"}}]'
    clean=(env -i "HOME=$dir/home" PATH=/usr/bin:/bin LANG=C.UTF-8 TERM=screen-256color "$binary")
    began=$(date +%s%N)
    # Their exit codes are about everything on this machine; what they say of Alertmanager counts.
    for step in init check status; do "${clean[@]}" "$step" >"$dir/$step" 2>&1 || true; done
    if grep -q 'works .*alertmanager .*1 alert' "$dir/check" && grep -q 'CRIT MyFirstAlert' "$dir/status"; then
        pass "$part: init finds the Alertmanager, check and status see its alert"
    else
        fail "$part: the alert was not seen"; sed 's/^/      | /' "$dir/check" "$dir/status"
    fi
    window first 120 40 "${clean[*]}"
    if until_true 20 shows first 'CRIT MyFirstAlert'; then pass "$part: the alert is on the screen $(since "$began") ms after the first of four commands"; else fail "$part: no alert"; show first; fi
    quit first
}
