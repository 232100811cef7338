//! True lines of each format, and what they say.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::logs::piece::{Division, PIECE};

const NOW: &str = "2026-11-22T04:00:00Z";

fn now() -> i64 {
    NOW.parse::<Timestamp>().unwrap().as_millisecond()
}

fn fields(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let _ = Formats::default().fields(line.as_bytes(), &mut |name, value| {
        found.push((text(name), text(value)));
        ControlFlow::Continue(())
    });
    found
}

/// The line, its format, level, time, message, and some of its fields.
type Row =
    (&'static str, &'static str, Level, &'static str, &'static str, &'static [(&'static str, &'static str)]);

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    use Level::{Debug, Error, Fatal, Info, Trace, Unknown, Warn};
    vec![
        // JSON, of zap, pino, bunyan, ECS, slog, log4j's JsonLayout, a cloud
        (
            r#"{"level":"error","ts":1795316800.25,"caller":"api/server.go:88","msg":"request failed","status":503}"#,
            "json",
            Error,
            "2026-11-22T03:06:40.25Z",
            "request failed",
            &[("status", "503"), ("caller", "api/server.go:88")],
        ),
        (
            r#"{"level":30,"time":1795316800250,"pid":7,"hostname":"web-1","msg":"listening","req":{"method":"GET","headers":{"host":"a"}}}"#,
            "json",
            Info,
            "2026-11-22T03:06:40.25Z",
            "listening",
            &[("req.method", "GET"), ("req.headers.host", "a")],
        ),
        (
            r#"{"@timestamp":"2026-11-22T03:06:40.250Z","log":{"level":"WARN","logger":"app.db"},"message":"slow \"query\"","ecs":{"version":"1.6.0"}}"#,
            "json",
            Warn,
            "2026-11-22T03:06:40.25Z",
            r#"slow \"query\""#,
            &[("log.logger", "app.db"), ("message", "slow \"query\"")],
        ),
        (
            r#"{"time":"2026-11-22T03:06:40.25Z","level":"DEBUG-2","msg":"hit","tags":["a","b"]}"#,
            "json",
            Debug,
            "2026-11-22T03:06:40.25Z",
            "hit",
            &[("tags", r#"["a","b"]"#)],
        ),
        (
            r#"{"instant":{"epochSecond":1795316800,"nanoOfSecond":250000000},"thread":"main","level":"ERROR","loggerName":"c.e.App","message":"broke"}"#,
            "json",
            Error,
            "2026-11-22T03:06:40.25Z",
            "broke",
            &[("loggerName", "c.e.App")],
        ),
        (
            r#"{"severity":"CRITICAL","timestamp":"2026-11-22T03:06:40.25Z","textPayload":"quota"}"#,
            "json",
            Fatal,
            "2026-11-22T03:06:40.25Z",
            "quota",
            &[],
        ),
        (
            r#"{"time":"2026-11-22T03:06:40Z","message":"{\"level\":\"error\",\"msg\":\"inner\",\"code\":7}","kubernetes":{"pod_name":"web-1"}}"#,
            "json",
            Error,
            "2026-11-22T03:06:40Z",
            r#"{\"level\":\"error\",\"msg\":\"inner\",\"code\":7}"#,
            &[("kubernetes.pod_name", "web-1"), ("code", "7")],
        ),
        (
            r#"{"msg":"level=warn path=/a took=12ms"}"#,
            "json",
            Warn,
            "",
            "level=warn path=/a took=12ms",
            &[("took", "12ms")],
        ),
        (
            r#"{"PRIORITY":"3","__REALTIME_TIMESTAMP":"1795316800250000","_SYSTEMD_UNIT":"nginx.service","MESSAGE":"gone"}"#,
            "journal",
            Error,
            "2026-11-22T03:06:40.25Z",
            "gone",
            &[("_SYSTEMD_UNIT", "nginx.service")],
        ),
        // Containers
        (
            r#"{"log":"2026-11-22 03:06:40,250 ERROR [main] c.e.App - broke\n","stream":"stderr","time":"2026-11-22T03:06:40.251Z"}"#,
            "docker",
            Error,
            "2026-11-22T03:06:40.251Z",
            "broke",
            &[("stream", "stderr"), ("logger", "c.e.App")],
        ),
        (
            r#"{"log":"{\"level\":\"warn\",\"msg\":\"slow\",\"took\":7}\n","stream":"stdout","time":"2026-11-22T03:06:40.251Z"}"#,
            "docker",
            Warn,
            "2026-11-22T03:06:40.251Z",
            r#"{\"level\":\"warn\",\"msg\":\"slow\",\"took\":7}"#,
            &[("took", "7")],
        ),
        (
            "2026-11-22T03:06:40.250123456Z stderr F E1122 03:06:40.250000       1 leaderelection.go:330] error retrieving lock",
            "cri",
            Error,
            "2026-11-22T03:06:40.25Z",
            "error retrieving lock",
            &[("stream", "stderr"), ("file", "leaderelection.go"), ("line", "330")],
        ),
        (
            "2026-11-22T03:06:40.250123456+01:00 stdout P a part",
            "cri",
            Unknown,
            "2026-11-22T02:06:40.25Z",
            "a part",
            &[("stream", "stdout")],
        ),
        // name=value
        (
            r#"time="2026-11-22T03:06:40+01:00" level=warning msg="disk \"sda\" fills" pct=91"#,
            "logfmt",
            Warn,
            "2026-11-22T02:06:40Z",
            r#"disk \"sda\" fills"#,
            &[("pct", "91"), ("msg", "disk \"sda\" fills")],
        ),
        (
            "ts=2026-11-22T03:06:40.25Z caller=main.go:12 level=error component=tsdb err=\"no space\"",
            "logfmt",
            Error,
            "2026-11-22T03:06:40.25Z",
            "no space",
            &[("component", "tsdb")],
        ),
        (
            "time=2026-11-22T03:06:40.250Z level=INFO+2 msg=started addr=:8080",
            "logfmt",
            Info,
            "2026-11-22T03:06:40.25Z",
            "started",
            &[("addr", ":8080")],
        ),
        (
            "type=SYSCALL msg=audit(1795316800.250:4242): arch=c000003e syscall=59 success=no exe=\"/bin/su\"",
            "logfmt",
            Unknown,
            "2026-11-22T03:06:40.25Z",
            "audit(1795316800.250:4242):",
            &[("exe", "/bin/su")],
        ),
        // Syslog
        (
            "<165>1 2026-11-22T03:06:40.25Z web-1 shop 812 ID47 [ex@32473 iut=\"3\" src=\"a]\"] it \u{feff}started",
            "syslog",
            Info,
            "2026-11-22T03:06:40.25Z",
            "it \u{feff}started",
            &[("host", "web-1"), ("app", "shop"), ("pid", "812"), ("msgid", "ID47")],
        ),
        (
            "<11>1 - web-1 shop - - - status=503",
            "syslog",
            Error,
            "",
            "status=503",
            &[("app", "shop"), ("status", "503")],
        ),
        (
            "<34>Nov 22 03:06:40 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            "syslog-bsd",
            Fatal,
            "2026-11-22T03:06:40Z",
            "'su root' failed for lonvick on /dev/pts/8",
            &[("host", "mymachine"), ("app", "su")],
        ),
        (
            "Nov  2 03:06:40 web-1 sshd[812]: error: PAM: Authentication failure for root from 10.0.0.7",
            "syslog-bsd",
            Error,
            "2026-11-02T03:06:40Z",
            "error: PAM: Authentication failure for root from 10.0.0.7",
            &[("host", "web-1"), ("app", "sshd"), ("pid", "812")],
        ),
        (
            "Nov 22 03:06:40 web-1 kernel: [12345.678901] usb 1-1: new device",
            "syslog-bsd",
            Unknown,
            "2026-11-22T03:06:40Z",
            "[12345.678901] usb 1-1: new device",
            &[("app", "kernel")],
        ),
        (
            "2026-11-22T03:06:40.250123+01:00 web-1 systemd[1]: Started nginx.service.",
            "syslog-bsd",
            Unknown,
            "2026-11-22T02:06:40.25Z",
            "Started nginx.service.",
            &[("app", "systemd"), ("pid", "1")],
        ),
        (
            "Nov 22 03:06:40 web-1 shop[9]: {\"level\":\"warn\",\"msg\":\"slow\"}",
            "syslog-bsd",
            Warn,
            "2026-11-22T03:06:40Z",
            "slow",
            &[("host", "web-1"), ("level", "warn")],
        ),
        // Kubernetes' own
        (
            "W1122 03:06:40.250123   12345 reflector.go:302] watch ended",
            "klog",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "watch ended",
            &[("thread", "12345"), ("file", "reflector.go"), ("line", "302")],
        ),
        (
            "I20261122 03:06:40.250123 7 main.cc:9] up",
            "klog",
            Info,
            "2026-11-22T03:06:40.25Z",
            "up",
            &[("file", "main.cc")],
        ),
        // Web servers
        (
            r#"10.0.0.7 - frank [22/Nov/2026:03:06:40 +0100] "GET /apache_pb.gif HTTP/1.0" 200 2326"#,
            "access",
            Info,
            "2026-11-22T02:06:40Z",
            r#""GET /apache_pb.gif HTTP/1.0" 200 2326"#,
            &[
                ("remote", "10.0.0.7"),
                ("user", "frank"),
                ("method", "GET"),
                ("path", "/apache_pb.gif"),
                ("protocol", "HTTP/1.0"),
                ("status", "200"),
                ("bytes", "2326"),
            ],
        ),
        (
            r#"2001:db8::7 - - [22/Nov/2026:03:06:40 +0000] "POST /api?q=\"x\" HTTP/1.1" 503 0 "https://a.example/" "curl/8.5.0""#,
            "access",
            Error,
            "2026-11-22T03:06:40Z",
            r#""POST /api?q=\"x\" HTTP/1.1" 503 0 "https://a.example/" "curl/8.5.0""#,
            &[("status", "503"), ("referrer", "https://a.example/"), ("agent", "curl/8.5.0")],
        ),
        (
            r#"shop.example:443 10.0.0.7 - - [22/Nov/2026:03:06:40 +0000] "GET / HTTP/2.0" 404 12 "-" "x""#,
            "access",
            Warn,
            "2026-11-22T03:06:40Z",
            r#""GET / HTTP/2.0" 404 12 "-" "x""#,
            &[("host", "shop.example:443"), ("remote", "10.0.0.7")],
        ),
        (
            r#"2026/11/22 03:06:40 [error] 31#31: *1 upstream timed out (110: Connection timed out) while reading, client: 10.0.0.7, server: shop.example, request: "GET /a, b HTTP/1.1", upstream: "http://10.0.0.9:80/a", host: "shop.example""#,
            "nginx-error",
            Error,
            "2026-11-22T03:06:40Z",
            "upstream timed out (110: Connection timed out) while reading",
            &[
                ("pid", "31"),
                ("connection", "1"),
                ("remote", "10.0.0.7"),
                ("method", "GET"),
                ("path", "/a,"),
                ("upstream", "http://10.0.0.9:80/a"),
            ],
        ),
        (
            "[Sun Nov 22 03:06:40.250123 2026] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187:4711] AH00128: File does not exist: /x",
            "apache-error",
            Error,
            "2026-11-22T03:06:40.25Z",
            "AH00128: File does not exist: /x",
            &[("logger", "core"), ("pid", "35708"), ("thread", "4328636416"), ("remote", "72.15.99.187")],
        ),
        (
            "[Sun Nov 22 03:06:40 2026] [warn] [client ::1] mod_wsgi: late",
            "apache-error",
            Warn,
            "2026-11-22T03:06:40Z",
            "mod_wsgi: late",
            &[("remote", "::1")],
        ),
        (
            r#"Nov 22 03:06:41 lb haproxy[14389]: 10.0.1.2:33317 [22/Nov/2026:03:06:40.655] http-in static/srv1 10/0/30/69/109 503 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1""#,
            "haproxy",
            Error,
            "2026-11-22T03:06:41Z",
            r#"10.0.1.2:33317 [22/Nov/2026:03:06:40.655] http-in static/srv1 10/0/30/69/109 503 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1""#,
            &[
                ("remote", "10.0.1.2"),
                ("frontend", "http-in"),
                ("backend", "static"),
                ("server", "srv1"),
                ("status", "503"),
                ("bytes", "2750"),
                ("path", "/index.html"),
                ("host", "lb"),
            ],
        ),
        (
            r#"10.0.1.2:33317 [22/Nov/2026:03:06:40.655] http-in~ static/<NOSRV> -1/-1/-1/-1/0 404 212 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
            "haproxy",
            Warn,
            "2026-11-22T03:06:40.655Z",
            r#"10.0.1.2:33317 [22/Nov/2026:03:06:40.655] http-in~ static/<NOSRV> -1/-1/-1/-1/0 404 212 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
            &[("frontend", "http-in~"), ("server", "<NOSRV>")],
        ),
        // Java
        (
            "2026-11-22 03:06:40,250 ERROR [http-nio-8080-exec-1] com.example.shop.OrderService - could not save",
            "log4j",
            Error,
            "2026-11-22T03:06:40.25Z",
            "could not save",
            &[("thread", "http-nio-8080-exec-1"), ("logger", "com.example.shop.OrderService")],
        ),
        (
            "2026-11-22 03:06:40.250 [main] WARN  c.e.shop.Db - slow pool",
            "log4j",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "slow pool",
            &[("thread", "main"), ("logger", "c.e.shop.Db")],
        ),
        (
            "03:06:40.250 [main] DEBUG org.hibernate.SQL - select 1",
            "log4j",
            Debug,
            "2026-11-22T03:06:40.25Z",
            "select 1",
            &[("logger", "org.hibernate.SQL")],
        ),
        (
            "2026-11-22T03:06:40.250+01:00  INFO 4711 --- [shop] [           main] o.s.b.w.e.tomcat.TomcatWebServer         : Tomcat started",
            "log4j",
            Info,
            "2026-11-22T02:06:40.25Z",
            "Tomcat started",
            &[("thread", "main"), ("logger", "o.s.b.w.e.tomcat.TomcatWebServer")],
        ),
        (
            "2026-11-22 03:06:40,250 INFO org.apache.hadoop.hdfs.StateChange: DIR* completeFile",
            "log4j",
            Info,
            "2026-11-22T03:06:40.25Z",
            "DIR* completeFile",
            &[("logger", "org.apache.hadoop.hdfs.StateChange")],
        ),
        (
            "2026-11-22 03:06:40,250 - WARN  [SendWorker:188978561024:QuorumCnxManager$SendWorker@679] - Interrupted",
            "log4j",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "Interrupted",
            &[("thread", "SendWorker:188978561024:QuorumCnxManager$SendWorker@679")],
        ),
        (
            "[2026-11-22 03:06:40,250] ERROR [Broker id=1] Stopping serving logs (kafka.server.ReplicaManager)",
            "log4j",
            Error,
            "2026-11-22T03:06:40.25Z",
            "[Broker id=1] Stopping serving logs",
            &[("logger", "kafka.server.ReplicaManager")],
        ),
        (
            "2026-11-22 03:06:40,250 INFO  [org.jboss.as] (MSC service thread 1-2) WFLYSRV0049",
            "log4j",
            Info,
            "2026-11-22T03:06:40.25Z",
            "WFLYSRV0049",
            &[("logger", "org.jboss.as"), ("thread", "MSC service thread 1-2")],
        ),
        (
            "22-Nov-2026 03:06:40.250 SEVERE [main] org.apache.catalina.core.StandardContext.startInternal failed",
            "log4j",
            Error,
            "2026-11-22T03:06:40.25Z",
            "org.apache.catalina.core.StandardContext.startInternal failed",
            &[("thread", "main")],
        ),
        // Python
        (
            "2026-11-22 03:06:40,250 - shop.worker - WARNING - late",
            "python",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "late",
            &[("logger", "shop.worker")],
        ),
        (
            "2026-11-22 03:06:40,250 ERROR shop.worker: gone",
            "python",
            Error,
            "2026-11-22T03:06:40.25Z",
            "gone",
            &[("logger", "shop.worker")],
        ),
        (
            "[2026-11-22 03:06:40,250] INFO in app: started",
            "python",
            Info,
            "2026-11-22T03:06:40.25Z",
            "started",
            &[("logger", "app")],
        ),
        (
            "[2026-11-22 03:06:40 +0000] [12] [CRITICAL] WORKER TIMEOUT (pid:13)",
            "python",
            Fatal,
            "2026-11-22T03:06:40Z",
            "WORKER TIMEOUT (pid:13)",
            &[("pid", "12")],
        ),
        (
            "[2026-11-22 03:06:40,250: WARNING/ForkPoolWorker-1] late",
            "python",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "late",
            &[("process", "ForkPoolWorker-1")],
        ),
        ("ERROR:shop.worker:gone", "python", Error, "", "gone", &[("logger", "shop.worker")]),
        // Go
        (
            "2026/11/22 03:06:40.250123 main.go:88: http: panic serving",
            "go",
            Unknown,
            "2026-11-22T03:06:40.25Z",
            "http: panic serving",
            &[("file", "main.go"), ("line", "88")],
        ),
        (
            "2026/11/22 03:06:40 WARN slow took=3s",
            "go",
            Warn,
            "2026-11-22T03:06:40Z",
            "slow took=3s",
            &[("took", "3s")],
        ),
        // Rust
        (
            "2026-11-22T03:06:40.250123Z  INFO shop::web: listening addr=0.0.0.0:80",
            "rust",
            Info,
            "2026-11-22T03:06:40.25Z",
            "listening addr=0.0.0.0:80",
            &[("logger", "shop::web"), ("addr", "0.0.0.0:80")],
        ),
        (
            "2026-11-22T03:06:40.250123Z ERROR request{method=GET uri=/a}:handler: shop: broke",
            "rust",
            Error,
            "2026-11-22T03:06:40.25Z",
            "broke",
            &[("logger", "shop")],
        ),
        (
            "[2026-11-22T03:06:40Z TRACE hyper::proto] flushed",
            "rust",
            Trace,
            "2026-11-22T03:06:40Z",
            "flushed",
            &[("logger", "hyper::proto")],
        ),
        // Databases
        (
            "2026-11-22 03:06:40.250 UTC [4711] shop@orders ERROR:  deadlock detected",
            "postgresql",
            Error,
            "2026-11-22T03:06:40.25Z",
            "deadlock detected",
            &[("pid", "4711"), ("user", "shop"), ("database", "orders")],
        ),
        (
            "2026-11-22 03:06:40.250 CET [4711-3] LOG:  checkpoint starting: time",
            "postgresql",
            Info,
            "2026-11-22T03:06:40.25Z",
            "checkpoint starting: time",
            &[("pid", "4711")],
        ),
        (
            "2026-11-22T03:06:40.250123Z 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
            "mysql",
            Warn,
            "2026-11-22T03:06:40.25Z",
            "CA certificate ca.pem is self signed.",
            &[("thread", "0"), ("code", "MY-010068"), ("logger", "Server")],
        ),
        (
            "2026-11-22  3:06:40 0 [Note] InnoDB: Buffer pool(s) load completed",
            "mysql",
            Info,
            "2026-11-22T03:06:40Z",
            "InnoDB: Buffer pool(s) load completed",
            &[],
        ),
        // Windows
        (
            "2026-11-22 03:06:40, Error                 CBS    Failed to open package",
            "windows",
            Error,
            "2026-11-22T03:06:40Z",
            "Failed to open package",
            &[("logger", "CBS")],
        ),
        (
            "11/22/2026 3:06:40 PM ERROR Service stopped",
            "windows",
            Error,
            "2026-11-22T15:06:40Z",
            "Service stopped",
            &[],
        ),
        // Others
        ("2026-11-22T03:06:40Z it went on", "dated", Unknown, "2026-11-22T03:06:40Z", "it went on", &[]),
        ("2026-11-22 03:06:40 [warning] late", "dated", Warn, "2026-11-22T03:06:40Z", "late", &[]),
        (
            "1795316800.250 late status=7",
            "epoch",
            Unknown,
            "2026-11-22T03:06:40.25Z",
            "late status=7",
            &[("status", "7")],
        ),
        ("1795316800250 ERROR late", "epoch", Error, "2026-11-22T03:06:40.25Z", "late", &[]),
        ("1795316800250123456 late", "epoch", Unknown, "2026-11-22T03:06:40.25Z", "late", &[]),
        ("it went on, took=3s.", "plain", Unknown, "", "it went on, took=3s.", &[("took", "3s.")]),
        ("WARNING: it is late", "plain", Warn, "", "WARNING: it is late", &[]),
    ]
}

#[test]
fn true_lines_say_what_they_say() {
    let formats = Formats::default();
    let mut wrong = Vec::new();
    for (line, format, level, time, message, some) in rows() {
        let head = formats.head(line.as_bytes(), now(), &mut Zone::default());
        let at = head.time.map(|at| Timestamp::from_millisecond(at).unwrap().to_string()).unwrap_or_default();
        let said = line.get(formats.message(line.as_bytes())).unwrap();
        if (head.format.name(), head.level, at.as_str(), said) != (format, level, time, message) {
            wrong.push(format!("{line}\n  {} {:?} {at} {said:?}", head.format.name(), head.level));
        }
        let found = fields(line);
        for (name, value) in some {
            if !found.iter().any(|(n, v)| n == name && v == value) {
                wrong.push(format!("{line}\n  no {name}={value} in {found:?}"));
            }
        }
        for (name, _) in found {
            let named = line.contains(&name) || name.contains('.');
            assert!(named || is_unnamed(&name), "{name} is in no list");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Records of a text: each begins with `>`.
fn records(text: &str) -> (Formats, Vec<String>) {
    let plain: Vec<&str> = text.lines().map(|line| line.strip_prefix('>').unwrap_or(line)).collect();
    let plain = plain.join("\n");
    let formats = Formats::detect(plain.as_bytes(), &Arc::default());
    let mut reader = Reader::new(formats.clone(), Zone::default());
    let shown = plain
        .lines()
        .map(|line| format!("{}{line}", if reader.read(line.as_bytes(), now()).starts { ">" } else { "" }));
    let shown = shown.collect();
    (formats, shown)
}

const JAVA: &str = "\
>2026-11-22 03:06:40,250 ERROR [main] c.e.App - could not save
java.lang.IllegalStateException: closed
\tat com.example.Db.save(Db.java:12)
at com.example.Db.flush(Db.java:19)
Caused by: java.io.IOException: Broken pipe
\t... 12 more
... 3 more

the message has a second line
>2026-11-22 03:06:41,250 INFO [main] c.e.App - went on";

const JAVA_ALONE: &str = "\
>starting
>Exception in thread \"main\" java.lang.IllegalStateException: closed
\tat com.example.App.main(App.java:12)
>java.lang.NullPointerException
\tat com.example.App.main(App.java:12)
Caused by: java.io.IOException: Broken pipe
\t... 1 more
>done";

const PYTHON: &str = "\
>starting
>Traceback (most recent call last):
  File \"/app/a.py\", line 3, in f
    return 1 / n
           ~~^~~
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/app/a.py\", line 9, in <module>
    f(0)
shop.errors.OrderError: no order
>done";

const PYTHON_FLAT: &str = "\
>Traceback (most recent call last):
File \"/app/a.py\", line 3, in f
return 1 / n
ZeroDivisionError: division by zero
>done
>again";

const GO: &str = "\
>{\"level\":\"info\",\"msg\":\"up\"}
>panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Server).serve(0xc000010000, {0x1, 0x2})
\t/app/main.go:12 +0x1d
main.main()
\t/app/main.go:7 +0x17
created by main.start in goroutine 1
\t/app/main.go:5 +0x25
exit status 2
>{\"level\":\"info\",\"msg\":\"up\"}";

const RUST: &str = "\
>2026-11-22T03:06:40.250123Z  INFO shop: up
>thread 'main' panicked at src/main.rs:2:5:
index out of bounds: the len is 3 but the index is 5
stack backtrace:
   0: rust_begin_unwind
             at /rustc/1/library/std/src/panicking.rs:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
>2026-11-22T03:06:41.250123Z  INFO shop: up";

const NODE: &str = "\
>listening
>/app/server.js:12
    throw new Error(\"boom\");
    ^

Error: boom
    at Object.<anonymous> (/app/server.js:12:9)
    at node:internal/main/run_main_module:23:47 {
  code: 'X'
}

Node.js v18.17.0
>listening
>TypeError: x is not a function
    at run (/app/a.js:1:2)
at /app/b.js:3:4
>listening";

const CONTAINER: &str = "\
>2026-11-22T03:06:40.250123456Z stderr F Exception in thread \"main\" java.lang.IllegalStateException: closed
2026-11-22T03:06:40.250123456Z stderr F \tat com.example.App.main(App.java:12)
>2026-11-22T03:06:40.250123456Z stdout P the first
2026-11-22T03:06:40.250123456Z stdout F and the last part
>2026-11-22T03:06:40.250123456Z stdout F next";

const POSTGRES: &str = "\
>2026-11-22 03:06:40.250 UTC [7] app@shop ERROR:  syntax error at or near \"selec\"
2026-11-22 03:06:40.250 UTC [7] app@shop STATEMENT:  selec
\t1
>2026-11-22 03:06:40.250 UTC [7] LOG:  checkpoint";

const EXPORT: &str = "\
>__CURSOR=s=1;i=2
__REALTIME_TIMESTAMP=1795316800250000
_HOSTNAME=web-1
PRIORITY=3
MESSAGE=gone

>__CURSOR=s=1;i=3
__REALTIME_TIMESTAMP=1795316801250000
MESSAGE=back";

const TEXTS: [&str; 10] =
    [JAVA, JAVA_ALONE, PYTHON, PYTHON_FLAT, GO, RUST, NODE, CONTAINER, POSTGRES, EXPORT];

#[test]
fn traces_and_messages_of_several_lines_are_one_record() {
    for text in TEXTS {
        let (_, shown) = records(text);
        assert_eq!(shown.join("\n"), text);
    }
}

#[test]
fn what_begins_whatever_is_before_begins_a_record() {
    for text in TEXTS {
        let (formats, shown) = records(text);
        let lines: Vec<&str> = shown.iter().map(|line| line.strip_prefix('>').unwrap_or(line)).collect();
        let mut cuts = 0;
        for at in 1..lines.len() {
            let starts = shown[at].starts_with('>');
            // With the line before, all or nothing is known; without, what is said is true.
            if let Some(before) = lines[..at].iter().rev().find(|line| !line.is_empty()) {
                let known = formats.begins(Some(before.as_bytes()), lines[at].as_bytes());
                assert!(!known || starts, "{}", lines[at]);
                cuts += usize::from(known);
            }
            assert!(!formats.begins(None, lines[at].as_bytes()) || starts, "{}", lines[at]);
        }
        assert!(cuts > 0, "{text}");
    }
}

#[test]
fn a_file_in_pieces_has_the_records_of_the_whole() {
    let mut buffer = Vec::new();
    for text in TEXTS {
        let plain: Vec<&str> = text.lines().map(|line| line.strip_prefix('>').unwrap_or(line)).collect();
        let block = plain.join("\n") + "\n";
        let blocks = 3 * PIECE / block.len();
        let file = block.repeat(blocks).into_bytes();
        let formats = Formats::detect(&file, &Arc::default());
        let length = file.len() as u64;
        let mut records = 0;
        for index in 0..Division::default().pieces(length) {
            let begins = |before: Option<&[u8]>, line: &[u8]| formats.begins(before, line);
            let piece = Division::default().read(&file[..], length, index, &begins, &mut buffer).unwrap();
            let mut reader = Reader::new(formats.clone(), Zone::default());
            let lines = piece.bytes.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n');
            records += lines.filter(|line| reader.follows(line)).count();
        }
        assert_eq!(records, blocks * text.lines().filter(|line| line.starts_with('>')).count(), "{text}");
    }
}

#[test]
fn a_stream_that_changes_is_noticed() {
    let mut reader = Reader::live(Zone::default());
    let mut read = |line: &str| reader.read(line.as_bytes(), now()).starts;
    assert!(read("starting"));
    assert!(read("still"));
    for _ in 0..9 {
        assert!(read("2026-11-22 03:06:40,250 ERROR [main] c.e.App - could not save"));
    }
    assert!(!read("its second line") && !read("java.lang.Error: x"));
    for _ in 0..200 {
        read("{\"level\":\"info\",\"msg\":\"now in JSON\"}");
    }
    assert!(read("a line by itself"));
}

#[test]
fn what_is_mixed_is_read_line_by_line() {
    let formats = Formats::detect(
        b"Nov 22 03:06:40 a b: c\n{\"level\":\"warn\"}\nts=1 level=error msg=x\n",
        &Arc::default(),
    );
    let mut zone = Zone::default();
    for (line, _, level, ..) in rows().into_iter().rev().chain(rows()) {
        assert_eq!(formats.head(line.as_bytes(), now(), &mut zone).level, level, "{line}");
    }
}

#[test]
fn colours_hide_nothing() {
    for (line, format, level) in [
        (
            "\x1b[2m2026-11-22T03:06:40.250123Z\x1b[0m \x1b[32m INFO\x1b[0m \x1b[2mshop::web\x1b[0m\x1b[2m:\x1b[0m up",
            Format::Rust,
            Level::Info,
        ),
        (
            "2026-11-22T03:06:40.250Z \x1b[33m WARN\x1b[0;39m 7 --- [main] \x1b[36mc.e.App\x1b[0;39m : late",
            Format::Log4j,
            Level::Warn,
        ),
        ("\x1b[31mERROR\x1b[0m:shop:gone", Format::Python, Level::Error),
    ] {
        let head = Formats::default().head(line.as_bytes(), now(), &mut Zone::default());
        assert_eq!((head.format, head.level), (format, level), "{line:?}");
    }
}

#[test]
fn a_time_of_day_alone_is_of_today_or_yesterday() {
    let time = |line: &str, now: &str| {
        let now = now.parse::<Timestamp>().unwrap().as_millisecond();
        let time = Formats::default().head(line.as_bytes(), now, &mut Zone::default()).time;
        time.map(|at| Timestamp::from_millisecond(at).unwrap().to_string())
    };
    for (now, expected) in [
        ("2026-11-22T04:00:00Z", "2026-11-22T03:06:40.25Z"),
        ("2026-11-22T03:00:00Z", "2026-11-22T03:06:40.25Z"),
        ("2026-11-22T01:00:00Z", "2026-11-21T03:06:40.25Z"),
    ] {
        assert_eq!(time("03:06:40.250 [main] DEBUG a.B - x", now).as_deref(), Some(expected));
    }
    assert_eq!(time("03:06:40 x", NOW), None);
}

fn nothing_fails(line: &[u8]) {
    for formats in [Formats::default(), Formats { stamped: true, export: true, ..Formats::default() }] {
        let _ = formats.head(line, now(), &mut Zone::default());
        let message = formats.message(line);
        assert!(message.start <= message.end && message.end <= line.len(), "{message:?} of {}", line.len());
        let mut parts = Parts::default();
        formats.split(line, &mut parts);
        assert!(parts.fields().all(|(_, at)| line.get(at).is_some()));
        let _ = formats.fields(line, &mut |_, _| ControlFlow::Continue(()));
        let _ = formats.begins(None, line) || formats.begins(Some(line), line);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        nothing_fails(&line);
    }

    #[test]
    fn no_line_that_is_cut_or_changed_makes_it_fail(
        row in 0..rows().len(),
        cut in 0_usize..200,
        at in 0_usize..200,
        put in "[ \\[\\]\"{}:=,.<>()|/-]|\\\\|\u{e9}|[0-9]{1,3}|",
    ) {
        let line = rows()[row].0.as_bytes();
        nothing_fails(&line[..cut.min(line.len())]);
        let (front, rest) = line.split_at(at.min(line.len()));
        nothing_fails(&[front, put.as_bytes(), rest].concat());
        nothing_fails(&[front, put.as_bytes(), rest.get(1..).unwrap_or_default()].concat());
    }
}
