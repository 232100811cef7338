//! How well the miner finds the templates of a corpus that imitates sixteen systems.

#![expect(
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a table of values, made of ASCII, and shares of small counts"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::tests::take;
use super::written::Written;
use super::{Id, Patterns};
use crate::logs::format::Formats;

const CORPUS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/patterns.txt"));
/// Lines of each system.
const LINES: usize = 2000;

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).unwrap()]
    }

    /// The first ones far more often than the last.
    fn skewed(&mut self, count: usize) -> usize {
        let total: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
        let mut left = (self.below(1_000_000) as f64) / 1_000_000.0 * total;
        for rank in 0..count {
            left -= 1.0 / (rank + 1) as f64;
            if left < 0.0 {
                return rank;
            }
        }
        count - 1
    }

    fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from_digit(u32::try_from(self.below(16)).unwrap(), 16).unwrap()).collect()
    }

    fn number(&mut self) -> String {
        let digits = 1 + self.below(5);
        self.below(10_u64.pow(u32::try_from(digits).unwrap())).to_string()
    }

    fn ip(&mut self) -> String {
        format!("{}.{}.{}.{}", 1 + self.below(222), self.below(256), self.below(256), self.below(256))
    }

    fn list(&mut self, name: &str, separator: &str, most: u64) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.value(name)).collect::<Vec<_>>().join(separator)
    }

    fn value(&mut self, name: &str) -> String {
        const WORDS: [&str; 40] = [
            "map",
            "job",
            "task",
            "block",
            "cache",
            "user",
            "meta",
            "vendor",
            "network",
            "input",
            "parity",
            "queue",
            "sync",
            "proxy",
            "driver",
            "signal",
            "named",
            "xinetd",
            "httpd",
            "crond",
            "gpm",
            "cups",
            "portmap",
            "rpc",
            "snmpd",
            "tree",
            "register",
            "hotplug",
            "apmd",
            "bluetooth",
            "sendmail",
            "spam",
            "kudzu",
            "iptables",
            "messagebus",
            "hidd",
            "random",
            "auditd",
            "mdmonitor",
            "acpid",
        ];
        const USERS: [&str; 24] = [
            "root",
            "cyrus",
            "news",
            "test",
            "admin",
            "oracle",
            "guest",
            "webmaster",
            "ftpuser",
            "git",
            "postgres",
            "support",
            "pi",
            "ubnt",
            "nagios",
            "mysql",
            "jenkins",
            "deploy",
            "matlab",
            "fztu",
            "inspur",
            "zhangyan",
            "monitor",
            "backup",
        ];
        const PARTS: [&str; 24] = [
            "usr", "var", "lib", "log", "etc", "httpd", "conf", "p", "gb1", "home", "user", "data", "tmp",
            "mapred", "system", "share", "www", "html", "run", "src", "release", "proc", "local", "scripts",
        ];
        const CAPS: [&str; 18] = [
            "View",
            "Lock",
            "Phone",
            "Window",
            "Activity",
            "Main",
            "News",
            "Detail",
            "Audio",
            "Mix",
            "Scan",
            "Launcher",
            "Wifi",
            "Notification",
            "Sync",
            "Contacts",
            "Power",
            "Splash",
        ];
        let small = |dice: &mut Self, most| dice.below(most).to_string();
        let two = |dice: &mut Self, most| format!("{:02}", dice.below(most));
        match name {
            "d" => small(self, 10),
            "n" => self.number(),
            "N" => (100_000_000 + self.below(9_000_000_000)).to_string(),
            "f" => format!("{}.{}", self.below(500), self.below(1000)),
            "ms" => format!("{:03}", self.below(1000)),
            "port" => (1024 + self.below(60_000)).to_string(),
            "st" => self.of(&["200", "202", "204", "404"]).to_owned(),
            "ip" => self.ip(),
            "ipp" => format!("{}:{}", self.ip(), 1024 + self.below(60_000)),
            "ipps" => self.list("ipp", ", ", 3),
            "ippsp" => self.list("ipp", " ", 3),
            "ip6" => {
                format!("FE80:0000:0000:0000:{}:{}:{}:{}", self.hex(4), self.hex(4), self.hex(4), self.hex(4))
            }
            "mac" => (0..6).map(|_| self.hex(2)).collect::<Vec<_>>().join(":"),
            "blk" => format!("blk_{}{}", self.of(&["", "-"]), self.next() >> 2),
            "blks" => format!("{} ", self.list("blk", " ", 6)),
            "0x" => {
                let length = 1 + usize::try_from(self.below(14)).unwrap();
                format!("0x{}", self.hex(length))
            }
            "stack" => {
                (0..3 + self.below(6)).map(|_| format!("@0x{}", self.hex(9))).collect::<Vec<_>>().join(" ")
            }
            "hex8" => self.hex(8),
            "hex16" => self.hex(16),
            "hex32" => self.hex(32),
            "hex40" => self.hex(40),
            "uuid" => {
                format!("{}-{}-{}-{}-{}", self.hex(8), self.hex(4), self.hex(4), self.hex(4), self.hex(12))
            }
            "word" => self.of(&WORDS).to_owned(),
            "user" => USERS[self.skewed(USERS.len())].to_owned(),
            "users" => self.list("user", ",", 3),
            "mail" => format!("{}@{}", self.value("user"), self.value("dom")),
            "letter" => self.of(&["a", "b", "c", "d"]).to_owned(),
            "path" => {
                let depth = 1 + self.below(5);
                let mut path: String = (0..depth).flat_map(|_| ["/", self.of(&PARTS)]).collect();
                if self.below(2) == 0 {
                    path = format!("{path}/part-{:05}", self.below(99_999));
                }
                path
            }
            "host" => {
                let name = self.of(&["msra-sa-", "mesos-slave-", "cp-", "MININT-"]);
                format!("{name}{}", self.below(60))
            }
            "dom" => {
                let front =
                    self.of(&["www", "ns", "mail", "lns-vlq", "p5", "host", "get", "g", "cache", "adsl"]);
                let middle =
                    self.of(&["sogou", "proxad", "marryal", "tencent", "google", "hinet", "cuhk", "baidu"]);
                format!("{front}.{middle}.{}", self.of(&["com", "net", "edu.hk", "co.jp", "com.cn"]))
            }
            "cls" => {
                let class = self.of(&CAPS);
                format!("org.apache.hadoop.{}.{}.{class}{}", self.of(&WORDS), self.of(&WORDS), self.of(&CAPS))
            }
            "pkg" => {
                let maker = self.of(&["android", "tencent", "huawei", "google"]);
                format!(
                    "com.{maker}.{}",
                    self.of(&["systemui", "phone", "mm", "qt", "launcher", "health", "gms"])
                )
            }
            "svc" => self.of(&["sparkDriver", "SparkUI", "sparkExecutor"]).to_owned(),
            "STATE" => {
                self.of(&["NEW", "SCHEDULED", "RUNNING", "ASSIGNED", "SUCCEEDED", "LOOKING"]).to_owned()
            }
            "EVENT" => self
                .of(&["TIME_TICK", "LAUNCH", "CLEANUP", "USER_PRESENT", "BATTERY_CHANGED", "REMOTE"])
                .to_owned(),
            "WAKE" => self.of(&["RTC (Alarm)", "ARPT (Network)", "?"]).to_owned(),
            "Inact" => self.of(&["Inactive", "Active"]).to_owned(),
            "Cap" => self.of(&CAPS).to_owned(),
            "bool" => self.of(&["true", "false"]).to_owned(),
            "onoff" => self.of(&["on", "off"]).to_owned(),
            "dir" => self.of(&["x+", "x-", "y+", "z-"]).to_owned(),
            // What headers are made of.
            "day" => format!("{:2}", 1 + self.below(28)),
            "day0" => format!("{:02}", 1 + self.below(28)),
            "d6" => format!("0811{}", two(self, 30)),
            "t6" => format!("{}{}{}", two(self, 24), two(self, 60), two(self, 60)),
            "hms" => format!("{}:{}:{}", two(self, 24), two(self, 60), two(self, 60)),
            "ms2" => format!("{}:{}", two(self, 60), two(self, 60)),
            "iso" => {
                format!("2015-{:02}-{:02} {}", 1 + self.below(12), 1 + self.below(28), self.value("hms"))
            }
            "iso_" => format!("2017-05-{:02}_{}", 1 + self.below(28), self.value("hms")),
            "sparkts" => format!("17/06/{:02} {}", 1 + self.below(28), self.value("hms")),
            "slashts" => format!("2016/9/{}:{}", 1 + self.below(28), self.value("hms")),
            "epoch" => (1_117_838_570 + self.below(9_000_000)).to_string(),
            "dotdate" => format!("2005.{:02}.{:02}", 1 + self.below(12), 1 + self.below(28)),
            "dotmd" => format!("{:02}.{:02}", 1 + self.below(12), 1 + self.below(28)),
            "md" => format!("{:02}-{:02}", 1 + self.below(12), 1 + self.below(28)),
            "hats" => format!("201712{:02}-{}:{}", 1 + self.below(28), self.value("hms"), self.below(1000)),
            "bglts" => format!(
                "2005-06-{:02}-{}.{}",
                1 + self.below(28),
                self.value("hms").replace(':', "."),
                self.value("N")
            ),
            "mon" => self.of(&["Jan", "Jun", "Jul", "Nov", "Dec"]).to_owned(),
            "wday" => self.of(&["Mon", "Tue", "Sat", "Sun"]).to_owned(),
            "yyyy" => "2005".to_owned(),
            "lvl" => self.of(&["INFO", "INFO", "INFO", "WARN", "ERROR"]).to_owned(),
            "LVL" => self.of(&["INFO", "FATAL"]).to_owned(),
            "alvl" => self.of(&["notice", "error"]).to_owned(),
            "Info" => "Info".to_owned(),
            "L" => self.of(&["V", "D", "I", "W", "E"]).to_owned(),
            "comp" => self
                .of(&["DataNode$PacketResponder", "FSNamesystem", "mapred.Task", "DataNode$DataXceiver"])
                .to_owned(),
            "thread" => self
                .of(&["main", "IPC Server handler 3 on 54121", "AsyncDispatcher event handler", "Thread-50"])
                .to_owned(),
            "zk" => self
                .of(&[
                    "QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774",
                    "NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@1001",
                    "SendWorker:188978561024:QuorumCnxManager$SendWorker@679",
                    "main:QuorumPeerConfig@101",
                ])
                .to_owned(),
            "osd" => self.of(&["api", "compute", "scheduler"]).to_owned(),
            "nova" => self
                .of(&["osapi_compute.wsgi.server", "compute.manager", "virt.libvirt.imagecache"])
                .to_owned(),
            "bglabel" => self.of(&["-", "-", "-", "KERNDTLB"]).to_owned(),
            "bgl" => format!(
                "R{}-M{}-N{}-C:J{}-U{}",
                two(self, 70),
                self.below(2),
                self.below(9),
                two(self, 18),
                two(self, 12)
            ),
            "bglio" => format!("bglio{}", self.below(90)),
            "hpccomp" => {
                self.of(&["unix.hw state_change.unavailable", "boot_cmd new", "action start"]).to_owned()
            }
            "tblabel" => self.of(&["-", "-", "-", "VAPI"]).to_owned(),
            "tbhost" => {
                self.of(&["dn228", "an513", "tbird-admin1", "cn142", "eadmin1", "badmin2"]).to_owned()
            }
            "tbcomp" => {
                let name = self.of(&[
                    "crond(pam_unix)[{n}]:",
                    "kernel:",
                    "/apps/x86_64/system/ganglia-3.0.1/sbin/gmetad[{n}]:",
                    "sendmail[{n}]:",
                ]);
                self.fill(name)
            }
            "lincomp" => {
                let name = self.of(&[
                    "sshd(pam_unix)[{n}]:",
                    "su(pam_unix)[{n}]:",
                    "ftpd[{n}]:",
                    "kernel:",
                    "syslogd",
                ]);
                let name = if name == "syslogd" { "syslog:" } else { name };
                self.fill(name)
            }
            "machost" => self.of(&["calvisitor-10-105-160-95", "authorMacBook-Pro"]).to_owned(),
            "maccomp" => {
                let name =
                    self.of(&["kernel[0]", "corecaptured[{n}]", "com.apple.xpc.launchd[1]", "QQ[{n}]"]);
                self.fill(name)
            }
            "Tag" => self
                .of(&["PowerManagerService", "WindowManager", "ActivityManager", "PhoneStatusBar"])
                .to_owned(),
            "hacomp" => self.of(&["Step_LSC", "Step_SPUtils", "HiH_", "Step_ExtSDM"]).to_owned(),
            "exe" => self.of(&["chrome.exe", "QQ.exe", "chrome.exe *64", "YodaoDict.exe"]).to_owned(),
            other => panic!("no value {other}"),
        }
    }

    fn fill(&mut self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text += &rest[..at];
            let tail = &rest[at..];
            if let Some(doubled) = ["{{", "}}"].into_iter().find(|doubled| tail.starts_with(doubled)) {
                text += &doubled[..1];
                rest = &tail[2..];
                continue;
            }
            let end = tail.find('}').unwrap_or_else(|| panic!("{template}"));
            text += &self.value(&tail[1..end]);
            rest = &tail[end + 1..];
        }
        text + rest
    }
}

struct System {
    name: &'static str,
    header: &'static str,
    /// Each with the number of the one that it is the same as.
    templates: Vec<(usize, &'static str)>,
}

fn systems() -> Vec<System> {
    let mut systems: Vec<System> = Vec::new();
    for line in CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(rest) = line.strip_prefix("= ") {
            let (name, header) = rest.split_once(' ').unwrap();
            systems.push(System { name, header, templates: Vec::new() });
            continue;
        }
        let templates = &mut systems.last_mut().unwrap().templates;
        let last = templates.last().map_or(0, |(id, _)| *id);
        templates.push(line.strip_prefix("~ ").map_or((last + 1, line), |line| (last, line)));
    }
    systems
}

/// Lines with their header, where the message begins, and the true template.
fn lines(system: &System, seed: u64) -> Vec<(String, usize, usize)> {
    let mut dice = Dice(seed);
    (0..LINES)
        .map(|_| {
            let (truth, template) = system.templates[dice.skewed(system.templates.len())];
            let header = dice.fill(system.header);
            let message = dice.fill(template);
            (format!("{header}{message}"), header.len(), truth)
        })
        .collect()
}

/// The share of lines whose group is just the true one, and F1 over groups.
fn score(pairs: &[(usize, Id)]) -> (f64, f64) {
    let mut truths: HashMap<usize, usize> = HashMap::new();
    let mut found: HashMap<Id, (usize, usize, bool)> = HashMap::new();
    for (truth, id) in pairs {
        *truths.entry(*truth).or_default() += 1;
        let group = found.entry(*id).or_insert((*truth, 0, true));
        group.1 += 1;
        group.2 &= group.0 == *truth;
    }
    let exact: Vec<_> =
        found.values().filter(|(truth, count, pure)| *pure && truths.get(truth) == Some(count)).collect();
    let lines: usize = exact.iter().map(|(_, count, _)| count).sum();
    let (precision, recall) =
        (exact.len() as f64 / found.len() as f64, exact.len() as f64 / truths.len() as f64);
    let f1 = if exact.is_empty() { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    (lines as f64 / pairs.len() as f64, f1)
}

fn judge(system: &System, seed: u64, raw: bool) -> (f64, f64, String) {
    let lines = lines(system, seed);
    let mut patterns = Patterns::new(!raw);
    let ids: Vec<_> = lines
        .iter()
        .map(|(line, message, truth)| {
            let line = if raw { line.as_str() } else { &line[*message..] };
            (*truth, take(&mut patterns, line, None))
        })
        .collect();
    let pairs: Vec<_> = ids.iter().map(|(truth, id)| (*truth, patterns.resolve(*id))).collect();
    let (ga, fga) = score(&pairs);
    (ga, fga, wrong(system, &pairs, &patterns))
}

/// The groups that are not as they should be.
fn wrong(system: &System, pairs: &[(usize, Id)], patterns: &Patterns) -> String {
    let mut truths: BTreeMap<Id, BTreeSet<usize>> = BTreeMap::new();
    let mut found: BTreeMap<usize, BTreeMap<Id, usize>> = BTreeMap::new();
    for (truth, id) in pairs {
        truths.entry(*id).or_default().insert(*truth);
        *found.entry(*truth).or_default().entry(*id).or_default() += 1;
    }
    let mut text = String::new();
    for (truth, ids) in
        found.iter().filter(|(_, ids)| ids.len() > 1 || ids.keys().any(|id| truths[id].len() > 1))
    {
        let (_, template) = system.templates.iter().find(|(id, _)| id == truth).unwrap();
        text = format!("{text}{}: {template}\n", system.name);
        for (id, count) in ids.iter().take(12) {
            text = format!("{text}  {count:5} {id} {}\n", patterns.get(*id).unwrap().text());
        }
    }
    text
}
fn shown(name: &str, [ga, fga, raw_ga, raw]: [f64; 4]) -> String {
    format!("{name:12} {ga:.3} {fga:.3} | {raw_ga:.3} {raw:.3}\n")
}

#[test]
fn templates_of_sixteen_systems_are_found() {
    let systems = systems();
    assert!(systems.len() >= 16);
    let mut sums = [0.0; 4];
    let mut lowest = 1.0_f64;
    let mut table = String::new();
    let mut wrong = String::new();
    for system in &systems {
        let (message, raw) = (judge(system, 7, false), judge(system, 7, true));
        let row = [message.0, message.1, raw.0, raw.1];
        table += &shown(system.name, row);
        wrong += &message.2;
        wrong += &raw.2;
        lowest = row.into_iter().fold(lowest, f64::min);
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value / systems.len() as f64;
        }
    }
    table += &shown("mean", sums);
    for (sum, least) in sums.into_iter().zip([0.92, 0.90, 0.92, 0.90]) {
        assert!(sum >= least, "{wrong}{table}");
    }
    assert!(lowest >= 0.6, "{wrong}{table}");
}

/// A pattern as it is written means just the lines that the miner found to be of it. Which lines came
/// first can make a difference to a miner, and none to a query: of 5,000 lines one may differ.
#[test]
fn a_written_pattern_has_the_lines_of_the_pattern() {
    let (mut all, mut missed, mut foreign) = (0_usize, 0_usize, 0_usize);
    let mut report = String::new();
    let formats = Formats::default();
    for system in systems() {
        let lines = lines(&system, 7);
        let mut patterns = Patterns::new(false);
        let lines = lines.get(..600).unwrap();
        let ids: Vec<_> = lines.iter().map(|(line, ..)| take(&mut patterns, line, None)).collect();
        let texts: Vec<String> =
            ids.iter().map(|id| patterns.get(*id).map_or_else(String::new, super::Pattern::text)).collect();
        let written: BTreeMap<&str, Written> =
            texts.iter().map(|text| (text.as_str(), Written::new(text))).collect();
        for ((line, ..), own) in lines.iter().zip(&texts) {
            all += 1;
            for (text, written) in written.iter().filter(|(text, _)| !text.is_empty()) {
                let has = written.has(line.as_bytes(), &formats);
                if has != (text == own) {
                    *(if has { &mut foreign } else { &mut missed }) += 1;
                    if report.len() < 20_000 {
                        report =
                            format!("{report}{}: {text:?} has {has}\n  {line}\n  {own:?}\n", system.name);
                    }
                }
            }
        }
    }
    assert!(missed == 0 && foreign * 5000 <= all, "{report}{missed} missed, {foreign} foreign of {all}");
}
