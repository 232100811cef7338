//! Credentials from every place, refused and renewed.

#![expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use super::*;
use crate::config::argv::Argv;

/// 2026-03-01T03:00:00Z.
const START: i64 = 1_772_334_000;

/// A vault with one credential, `ci`, in a folder of its own and a time of its own.
struct Rig {
    folder: TempDir,
    now: Arc<AtomicI64>,
    vault: Vault,
}

impl Rig {
    fn new(change: impl FnOnce(&Path, &mut CredentialTable)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut table = CredentialTable {
            name: "ci".to_owned(),
            source: Source::File(folder.path().join("token")),
            format: Format::Line,
            user: None,
            login: None,
            trusted_groups: Vec::new(),
        };
        change(folder.path(), &mut table);
        let now = Arc::new(AtomicI64::new(START));
        let shown = Arc::clone(&now);
        let clock: Clock = Arc::new(move || Timestamp::from_second(shown.load(Ordering::Relaxed)).unwrap());
        let mut endpoint = Endpoint::at("https://ci.example.com").unwrap();
        endpoint.credential = Some("ci".to_owned());
        Self { vault: Vault::new(&[table], [&endpoint], clock), folder, now }
    }

    /// Its secret is in a file.
    fn file(secret: &str) -> Self {
        let rig = Self::new(|_, _| {});
        rig.write("token", secret, 0o600);
        rig
    }

    /// A shell script prints it. It is not started as a program itself: a file that was just written is
    /// "busy" while another test's child still has it open.
    fn helper(format: Format, script: &str) -> Self {
        let rig = Self::new(|folder, table| {
            let arguments = vec![folder.join("helper").display().to_string()];
            table.source = Source::Helper(Argv { program: "/bin/sh".to_owned(), arguments }, Vec::new());
            table.format = format;
        });
        rig.write("helper", &format!("cd {}\n{script}\n", rig.folder.path().display()), 0o600);
        rig
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// Both clocks go on. The time that tasks wait in stands still otherwise.
    async fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds.cast_unsigned())).await;
        tokio::time::resume();
    }

    async fn secret(&self) -> Result<String, String> {
        said(self.vault.get("ci", &origin()).await)
    }

    async fn rejected(&self) -> Result<String, String> {
        let held = self.vault.get("ci", &origin()).await.unwrap();
        said(self.vault.rejected(&held, &origin()).await)
    }
}

fn origin() -> Origin {
    Origin::of_url(&url::Url::parse("https://ci.example.com").unwrap())
}

fn said(result: Result<Credential, Failure>) -> Result<String, String> {
    let text = |failure: Failure| failure.what.as_str().unwrap().to_owned();
    result.map(|credential| credential.held().secret.expose().to_owned()).map_err(text)
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn ok(secret: &str) -> Result<String, String> {
    Ok(secret.to_owned())
}

#[tokio::test]
async fn a_file_is_looked_at_every_half_minute_and_its_secret_not_used_when_others_may_read_it() {
    let rig = Rig::file("one");
    assert_eq!(rig.secret().await, ok("one"));
    rig.write("token", "two", 0o600);
    assert_eq!(rig.secret().await, ok("one"));
    rig.pass(30).await;
    assert_eq!(rig.secret().await, ok("two"));
    rig.write("token", "two", 0o644);
    rig.pass(30).await;
    let failure = rig.vault.get("ci", &origin()).await.unwrap_err();
    let path = rig.folder.path().join("token");
    let what = format!("credential ci: {}: mode 0644 opens it to others", path.display());
    assert_eq!(failure.what, what.as_str().into());
    assert_eq!(failure.cause, Some(what.into()), "all that use it fold");
    assert_eq!(failure.advice, Some(format!("chmod 600 {}", path.display()).into()));
}

#[tokio::test]
async fn a_refusal_leads_to_one_look_and_then_nothing_is_used_until_it_has_changed() {
    let rig = Rig::file("one");
    let refused = Err("credential ci: refused by the server".to_owned());
    assert_eq!(rig.rejected().await, refused);
    assert_eq!(rig.secret().await, refused);
    rig.pass(30).await;
    assert_eq!(rig.secret().await, refused, "it is still the same");
    rig.write("token", "two", 0o600);
    assert_eq!(rig.secret().await, refused, "looked at only now and then");
    rig.pass(30).await;
    assert_eq!(rig.secret().await, ok("two"));
    // It was renewed while the request was under way.
    let rig = Rig::file("one");
    let old = rig.vault.get("ci", &origin()).await.unwrap();
    rig.write("token", "two", 0o600);
    assert_eq!(said(rig.vault.rejected(&old, &origin()).await), ok("two"));
    rig.write("token", "three", 0o600);
    assert_eq!(
        said(rig.vault.rejected(&old, &origin()).await),
        ok("two"),
        "somebody else has renewed it already"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_change_is_woken_by_it_and_asks_nobody_before() {
    let rig = Rig::file("one");
    let held = rig.vault.get("ci", &origin()).await.unwrap();
    rig.vault.rejected(&held, &origin()).await.unwrap_err();
    let start = Instant::now();
    let origins = [origin()];
    let changed = rig.vault.changed("ci", &origins);
    tokio::pin!(changed);
    for _ in 0..20 {
        assert!(tokio::time::timeout(LOOK, &mut changed).await.is_err());
    }
    rig.write("token", "two", 0o600);
    changed.await;
    assert!(start.elapsed() <= LOOK * 21, "{:?}", start.elapsed());
    assert_eq!(rig.secret().await, ok("two"));
    // Where nothing is known against it, it is still no reason to ask again at once.
    let start = Instant::now();
    rig.vault.changed("ci", &[origin()]).await;
    assert!(start.elapsed() + LEAST >= LOOK, "{:?}", start.elapsed());
}

#[tokio::test]
async fn after_a_login_the_same_secret_is_tried_again() {
    let rig = Rig::file("one");
    rig.rejected().await.unwrap_err();
    rig.vault.renew("ci").await.unwrap();
    assert_eq!(rig.secret().await, ok("one"));
}

#[tokio::test]
async fn a_helper_runs_once_for_all_and_again_at_four_fifths_of_the_lifetime() {
    let script = r#"echo x >> runs; n=$(wc -l < runs); echo "{\"token\": \"t$n\", \"expires_in\": 1000}""#;
    let rig = Rig::helper(Format::Json, script);
    let all = [rig.secret(), rig.secret(), rig.secret()];
    let [a, b, c] = all;
    assert_eq!(tokio::join!(a, b, c), (ok("t1"), ok("t1"), ok("t1")));
    rig.pass(799).await;
    assert_eq!(rig.secret().await, ok("t1"));
    assert!(rig.vault.standings().borrow()[&"ci".into()].renews);
    rig.pass(1).await;
    assert_eq!(rig.secret().await, ok("t2"));
    assert_eq!(rig.read("runs"), "x\nx\n");
    // It cannot be renewed any more: what is held is used to its end.
    rig.write("helper", "exit 3\n", 0o600);
    rig.pass(800).await;
    assert_eq!(rig.secret().await, ok("t2"));
    let standing = rig.vault.standings().borrow()[&"ci".into()].clone();
    assert!(!standing.renews && standing.expires.is_some(), "{standing:?}");
    rig.pass(200).await;
    assert_eq!(rig.secret().await, Err("credential ci: /bin/sh: exit status 3".to_owned()));
}

#[tokio::test]
async fn a_helper_that_makes_a_new_secret_each_time_is_not_run_at_each_refusal() {
    let rig = Rig::helper(Format::Line, "echo x >> runs; echo token-$(wc -l < runs)");
    assert_eq!(rig.secret().await, ok("token-1"));
    assert_eq!(rig.rejected().await, ok("token-2"));
    assert!(rig.rejected().await.is_err());
    assert!(rig.secret().await.is_err());
    assert_eq!(rig.read("runs"), "x\nx\n");
    rig.pass(30).await;
    assert_eq!(rig.secret().await, ok("token-3"));
}

#[tokio::test]
async fn a_helper_gets_little_and_its_errors_tell_nothing_of_what_it_wrote() {
    let rig = Rig::helper(Format::Line, "env > got; pwd -P > where; cat > typed; echo hunter2 >&2; exit 1");
    let failure = rig.vault.get("ci", &origin()).await.unwrap_err();
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    let advice = failure.advice.unwrap();
    assert!(advice.as_str().unwrap().starts_with("run it to see why: /bin/sh /"), "{advice:?}");
    let got = rig.read("got");
    // A shell adds some of its own.
    let own = ["PWD", "OLDPWD", "SHLVL", "_"];
    for line in got.lines() {
        let name = line.split('=').next().unwrap();
        let passed = ["HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"];
        assert!(passed.contains(&name) || own.contains(&name), "{line}");
    }
    assert_eq!(rig.read("typed"), "");
}

#[tokio::test]
async fn a_helper_is_told_what_kubectl_tells_and_gets_the_variables_that_are_let_through() {
    let mut rig = Rig::helper(
        Format::ExecCredential,
        r#"printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}' "$CARGO_PKG_NAME$(echo "$KUBERNETES_EXEC_INFO" | tr -dc a-z)""#,
    );
    let slot = rig.vault.slots.get_mut("ci").unwrap();
    let Source::Helper(_, passed) = &mut slot.table.source else { panic!() };
    passed.push("CARGO_PKG_NAME".to_owned());
    let token = rig.secret().await.unwrap();
    assert!(token.starts_with("midwatch") && token.ends_with("interactivefalse"), "{token}");
}

#[tokio::test]
async fn a_helper_that_prints_too_much_or_leaves_something_behind_is_ended() {
    let rig = Rig::helper(Format::Line, "echo $$ > pid; yes hunter2");
    let failure = rig.vault.get("ci", &origin()).await.unwrap_err();
    assert!(failure.what.as_str().unwrap().ends_with("prints more than 64 KiB"), "{failure:?}");
    assert_gone(&rig.read("pid"));
    let rig = Rig::helper(Format::Line, "sleep 1000 >/dev/null & echo $! > pid; echo secret");
    assert_eq!(rig.secret().await, ok("secret"));
    assert_gone(&rig.read("pid"));
}

#[tokio::test]
async fn a_helper_that_hangs_is_ended() {
    // The clock does not stand still by itself here: a program is waited for.
    let rig = Rig::helper(Format::Line, "echo $$ > pid; sleep 1000");
    let origin = origin();
    let get = rig.vault.get("ci", &origin);
    tokio::pin!(get);
    while rig.read("pid").is_empty() {
        tokio::select! {
            _ = &mut get => panic!("it hangs"),
            () = tokio::task::yield_now() => {}
        }
    }
    tokio::time::pause();
    let failure = get.await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert!(failure.what.as_str().unwrap().ends_with("no answer in 10 s"), "{failure:?}");
    assert_gone(&rig.read("pid"));
}

#[tokio::test]
async fn a_helper_is_over_when_it_ends_whatever_it_leaves_behind() {
    let began = std::time::Instant::now();
    let rig = Rig::helper(Format::Line, "sleep 1000 & echo $! > pid; echo secret");
    assert_eq!(rig.secret().await, ok("secret"));
    assert_gone(&rig.read("pid"));
    let rig = Rig::helper(Format::Line, "sleep 1000 & exit 3");
    assert_eq!(rig.secret().await, Err("credential ci: /bin/sh: exit status 3".to_owned()));
    let rig = Rig::helper(Format::Line, "sleep 1000 &");
    let what = rig.secret().await.unwrap_err();
    assert!(what.ends_with("it ended, and what it started keeps its standard output open"), "{what}");
    assert!(began.elapsed() < helper::WITHIN, "{:?}", began.elapsed());
}

/// The process has ended, or ends now: it was killed.
#[track_caller]
fn assert_gone(pid: &str) {
    let pid = pid.trim();
    assert!(!pid.is_empty());
    for _ in 0..100_000 {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Its number is free, or its parent has not asked for its end yet.
        if stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X'])) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{pid} runs on");
}

#[tokio::test]
async fn an_expired_credential_with_a_login_says_what_to_type() {
    let rig = Rig::new(|folder, table| {
        table.source = Source::File(folder.join("token"));
        table.format = Format::Json;
        table.login = Some(Argv { program: "aws".to_owned(), arguments: vec!["sso".to_owned()] });
    });
    rig.write("token", r#"{"token": "canary-1", "expires_at": "2026-03-01T03:10:00Z"}"#, 0o600);
    assert_eq!(rig.secret().await, ok("canary-1"));
    let standing = rig.vault.standings().borrow()[&"ci".into()].clone();
    assert_eq!(standing.expires, Some("2026-03-01T03:10:00Z".parse().unwrap()));
    assert!(!standing.renews);
    rig.pass(600).await;
    let failure = rig.vault.get("ci", &origin()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Login);
    assert_eq!(failure.what, "credential ci: expired 03:10Z".into());
    assert_eq!(failure.cause, Some("ci expired 03:10Z: :login ci".into()));
    assert_eq!(failure.advice, Some(":login ci".into()));
    assert_eq!(rig.vault.mask().text("x canary-1"), "x [secret]");
}

#[tokio::test]
async fn a_secret_is_shown_to_the_origins_that_name_it_and_its_debug_form_to_nobody() {
    let rig = Rig::file("hunter2");
    let held = rig.vault.get("ci", &origin()).await.unwrap();
    let origin = |url: &str| Origin::of_url(&url::Url::parse(url).unwrap());
    assert_eq!(held.secret_for(&origin("https://ci.example.com/a/b")).unwrap(), "hunter2");
    for other in ["http://ci.example.com", "https://ci.example.com:444", "https://evil.test"] {
        let failure = held.secret_for(&origin(other)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
    assert!(!format!("{held:?}").contains("hunter2"), "{held:?}");
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_to_do() {
    let rig = Rig::new(|_, table| table.source = Source::Variable("MIDWATCH_NO_SUCH".to_owned()));
    assert_eq!(rig.secret().await, Err("credential ci: the variable MIDWATCH_NO_SUCH is not set".to_owned()));
    let failure = rig.vault.get("other", &origin()).await.unwrap_err();
    assert_eq!(failure.advice, Some("add a [[credential]] named other".into()));
    let rig = Rig::new(|_, table| table.source = Source::Systemd("token".to_owned()));
    if std::env::var_os(SYSTEMD).is_none() {
        let what = rig.secret().await.unwrap_err();
        assert!(what.contains("CREDENTIALS_DIRECTORY is not set"), "{what}");
    }
}
